//! When a token is good (RFC 7519 §4.1.4 to §4.1.6).

use super::error::TokenError;

/// When a token is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRule {
    pub(super) leeway: i64,
    pub(super) max_lifetime: Option<i64>,
}

/// When a token says that it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) exp: Option<i64>,
    pub(crate) nbf: Option<i64>,
    pub(crate) iat: Option<i64>,
}

impl Times {
    /// A token that ends before it begins was made by mistake, or to pass for a moment by the leeway of a verifier.
    fn check_order(self) -> Result<(), TokenError> {
        let Some(exp) = self.exp else { return Ok(()) };
        match [self.iat, self.nbf].into_iter().flatten().find(|&begins| exp <= begins) {
            Some(begins) => Err(TokenError::NeverValid { exp, begins }),
            None => Ok(()),
        }
    }
}

impl TimeRule {
    pub(crate) fn check(self, times: Times, now: i64) -> Result<(), TokenError> {
        times.check_order()?;
        if let Some(exp) = times.exp
            && now.saturating_sub(self.leeway) >= exp
        {
            return Err(TokenError::Expired { exp, now });
        }
        if let Some(nbf) = times.nbf
            && nbf > now.saturating_add(self.leeway)
        {
            return Err(TokenError::NotYetValid { nbf, now });
        }
        if let Some(iat) = times.iat
            && iat > now.saturating_add(self.leeway)
        {
            return Err(TokenError::IssuedInFuture { iat, now });
        }
        let (Some(limit), Some(exp)) = (self.max_lifetime, times.exp) else { return Ok(()) };
        let (found, forgiven) = match times.iat {
            // Two dates of one clock: nothing to forgive.
            Some(iat) => (exp.saturating_sub(iat), 0),
            None => (exp.saturating_sub(now), self.leeway),
        };
        if found > limit.saturating_add(forgiven) {
            return Err(TokenError::LifetimeTooLong { limit, found });
        }
        Ok(())
    }
}
