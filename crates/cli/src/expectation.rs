//! What a token is expected to say, as options of the command line.

use clap::Args;
use countersign_jose::jwt::{Expect, ExpectedAudience, ExpectedIssuer};

use crate::kind::Kind;
use crate::moment;

#[derive(Args)]
pub(crate) struct Expectation {
    /// The kind of token. A token of another kind is refused
    #[arg(long, value_enum, default_value = "access-token", value_name = "KIND")]
    pub(crate) typ: Kind,

    /// The issuer, byte for byte as `iss` has to say it
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,

    /// Do not look at `iss`: anybody's token then passes, if the key is right
    #[arg(long, conflicts_with = "issuer")]
    pub(crate) unchecked_issuer: bool,

    /// The audience; `aud` has to name it. Given several times, any of them will do
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Vec<String>,

    /// Do not look at `aud`: tokens for other services then pass
    #[arg(long, conflicts_with = "audience")]
    pub(crate) unchecked_audience: bool,

    /// How far clocks may differ, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(0..=300))]
    pub(crate) leeway: i64,

    /// The longest life that is accepted, where the kind of token has no rule of its own (300, 5m, 1h)
    #[arg(long, value_name = "TIME", value_parser = moment::parse_duration)]
    pub(crate) max_lifetime: Option<i64>,

    /// Judge as if it were this time (seconds since 1970, or 2026-11-22T09:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    pub(crate) at: Option<i64>,
}

/// Which of the expectations are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// All that were given.
    All,
    Audience,
    Issuer,
    /// The kind of token, and its times.
    Neither,
}

impl Expectation {
    /// Any token of this kind.
    pub(crate) fn of_kind(typ: Kind) -> Self {
        Expectation {
            typ,
            issuer: None,
            unchecked_issuer: true,
            audience: Vec::new(),
            unchecked_audience: true,
            leeway: 30,
            max_lifetime: None,
            at: None,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.at.unwrap_or_else(moment::now)
    }

    /// The audiences, to be lent to [`expect`](Self::expect).
    pub(crate) fn audiences(&self) -> Vec<&str> {
        self.audience.iter().map(String::as_str).collect()
    }

    /// What the token crate is asked. What was not given is not asked: whether it may be left out is for the command.
    pub(crate) fn expect<'a>(&'a self, audiences: &'a [&'a str], ask: Ask) -> Expect<'a> {
        let issuer = match &self.issuer {
            Some(issuer) if matches!(ask, Ask::All | Ask::Issuer) => ExpectedIssuer::Exactly(issuer),
            _ => ExpectedIssuer::CheckedByCaller,
        };
        let audience = match audiences {
            [_, ..] if matches!(ask, Ask::All | Ask::Audience) => ExpectedAudience::AnyOf(audiences),
            _ => ExpectedAudience::CheckedByCaller,
        };
        let expect = Expect::new(self.typ.typ(), issuer, audience).leeway(self.leeway);
        match self.max_lifetime {
            Some(seconds) => expect.max_lifetime(seconds),
            None => expect,
        }
    }
}
