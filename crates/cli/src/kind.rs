//! The kinds of token, as they are named on the command line.

use clap::ValueEnum;
use countersign_jose::jwt::Typ;

/// A kind of token. Each is refused where another is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// at+jwt (RFC 9068)
    #[value(alias = "at+jwt")]
    AccessToken,
    /// agent+jwt (Agent Auth)
    #[value(alias = "agent+jwt")]
    AgentJwt,
    /// JWT or no typ (RFC 7523)
    ClientAssertion,
    /// dpop+jwt (RFC 9449); see --method and --uri
    #[value(alias = "dpop+jwt")]
    DpopProof,
    /// host+jwt (Agent Auth)
    #[value(alias = "host+jwt")]
    HostJwt,
    /// oauth-id-jag+jwt, a draft
    #[value(alias = "oauth-id-jag+jwt")]
    IdJag,
    /// JWT or no typ (OpenID Connect Core)
    #[value(alias = "jwt", alias = "JWT")]
    IdToken,
    /// token-introspection+jwt (RFC 9701)
    #[value(alias = "token-introspection+jwt")]
    IntrospectionResponse,
    /// logout+jwt (OpenID Connect Back-Channel Logout)
    #[value(alias = "logout+jwt")]
    LogoutToken,
    /// oauth-authz-req+jwt (RFC 9101)
    #[value(alias = "oauth-authz-req+jwt")]
    RequestObject,
}

impl Kind {
    pub(crate) const fn typ(self) -> Typ {
        match self {
            Kind::AccessToken => Typ::AccessToken,
            Kind::AgentJwt => Typ::AgentJwt,
            Kind::ClientAssertion => Typ::ClientAssertion,
            Kind::DpopProof => Typ::DpopProof,
            Kind::HostJwt => Typ::HostJwt,
            Kind::IdJag => Typ::IdJag,
            Kind::IdToken => Typ::IdToken,
            Kind::IntrospectionResponse => Typ::IntrospectionResponse,
            Kind::LogoutToken => Typ::LogoutToken,
            Kind::RequestObject => Typ::RequestObject,
        }
    }

    /// Whether a header says that it is one of a DPoP proof.
    pub(crate) fn is_dpop_proof(typ: Option<&str>) -> bool {
        typ.is_some_and(|typ| {
            let typ = typ.to_ascii_lowercase();
            typ.strip_prefix("application/").unwrap_or(&typ) == "dpop+jwt"
        })
    }

    /// What a header's `typ` says in plain words, the kinds being told apart by `typ` alone.
    pub(crate) fn described(typ: Option<&str>) -> &'static str {
        let Some(typ) = typ else { return "no typ: an ID token, a client assertion, or anything else" };
        let typ = typ.to_ascii_lowercase();
        match typ.strip_prefix("application/").unwrap_or(&typ) {
            "at+jwt" => "access token (RFC 9068)",
            "agent+jwt" => "agent JWT (Agent Auth)",
            "dpop+jwt" => "DPoP proof (RFC 9449)",
            "host+jwt" => "host JWT (Agent Auth)",
            "jwt" => "a JWT that does not say of which kind: an ID token, a client assertion, or anything else",
            "logout+jwt" => "logout token (OpenID Connect Back-Channel Logout)",
            "oauth-authz-req+jwt" => "request object (RFC 9101)",
            "oauth-id-jag+jwt" => "identity assertion grant (draft)",
            "token-introspection+jwt" => "introspection response (RFC 9701)",
            _ => "a kind that is not known here",
        }
    }
}
