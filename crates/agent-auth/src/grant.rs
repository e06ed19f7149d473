//! What one agent may do with one capability ([Agent Auth §3.3]).
//!
//! [Agent Auth §3.3]: https://agentauthprotocol.com/specification/v1.0-draft

use std::time::Duration;

use countersign_storage::Timestamp;
use countersign_web::text::Cleaned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approved::{Approved, ApprovedBy};
use crate::constraint::{ConstraintError, Constraints};

/// One grant. Its status moves one way: pending to active or denied, and from anywhere to revoked. The fields are
/// private so that [`CapabilityGrant::decide`] stays the only way to an active one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CapabilityGrant {
    id: String,
    capability: String,
    status: GrantStatus,
    /// As on the wire, and read again at each call: a grant that a newer version of this software wrote, with an operator
    /// that this one does not know, allows nothing.
    constraints: Value,
    requested_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_reason: Option<Cleaned>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted_by: Option<ApprovedBy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// The hash of the input schema that a person approved it under ([`crate::approved_schema`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved_schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_because: Option<String>,
}

/// Where a grant stands ([Agent Auth §3.3]; `revoked` is how grants of revoked and claimed agents are told).
///
/// [Agent Auth §3.3]: https://agentauthprotocol.com/specification/v1.0-draft
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrantStatus {
    /// Asked for, not answered.
    Pending,
    /// Allowed, until it expires.
    Active,
    /// Refused.
    Denied,
    /// Taken back, for good.
    Revoked,
}

impl GrantStatus {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            GrantStatus::Pending => "pending",
            GrantStatus::Active => "active",
            GrantStatus::Denied => "denied",
            GrantStatus::Revoked => "revoked",
        }
    }
}

/// What is answered to a grant that was asked for.
pub(crate) enum Verdict<'a> {
    /// Yes, as far as the approval covers its capability.
    Approve {
        approved: &'a Approved,
        /// How long the grant lasts; `None` where only its agent's end ends it.
        lifetime: Option<Duration>,
        /// The hash of the input schema whose limits a person was shown.
        schema: Option<&'a str>,
        /// Why it is denied where the approval does not cover it.
        otherwise: &'a str,
    },
    /// No.
    Deny { because: &'a str },
}

impl CapabilityGrant {
    /// Asked for: pending, and worth nothing yet.
    pub(crate) fn requested(
        id: String,
        capability: &str,
        constraints: &Constraints,
        reason: Option<Cleaned>,
        now: Timestamp,
    ) -> Self {
        CapabilityGrant {
            id,
            capability: capability.to_owned(),
            status: GrantStatus::Pending,
            constraints: constraints.to_value(),
            requested_at: now,
            request_reason: reason,
            granted_by: None,
            granted_at: None,
            expires_at: None,
            approved_schema: None,
            ended_because: None,
        }
    }

    /// Answers a pending grant, once and for all: active or denied. Any other stays as it is, since what was denied or
    /// revoked never comes back. Returns where it stands then.
    pub(crate) fn decide(&mut self, verdict: &Verdict<'_>, now: Timestamp) -> GrantStatus {
        if self.status != GrantStatus::Pending {
            return self.status;
        }
        match *verdict {
            Verdict::Approve { approved, lifetime, schema, .. } if approved.covers(&self.capability) => {
                self.status = GrantStatus::Active;
                self.granted_by = Some(approved.by().clone());
                self.granted_at = Some(now);
                self.expires_at = lifetime.map(|lifetime| now + lifetime);
                self.approved_schema = schema.map(str::to_owned);
            }
            Verdict::Approve { otherwise: because, .. } | Verdict::Deny { because } => {
                self.status = GrantStatus::Denied;
                self.ended_because = Some(because.to_owned());
            }
        }
        self.status
    }

    /// Whatever it was worth, it is worth nothing any more. A denied grant stays denied.
    pub(crate) fn revoke(&mut self, because: &str) {
        if matches!(self.status, GrantStatus::Pending | GrantStatus::Active) {
            self.status = GrantStatus::Revoked;
            self.ended_because = Some(because.to_owned());
        }
    }

    /// Whether it is active and has not expired (Agent Auth §3.3): nothing at or after its end.
    pub(crate) fn is_effective(&self, now: Timestamp) -> bool {
        self.status == GrantStatus::Active && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn capability(&self) -> &str {
        &self.capability
    }

    pub(crate) fn status(&self) -> GrantStatus {
        self.status
    }

    pub(crate) fn constraints(&self) -> Result<Constraints, ConstraintError> {
        Constraints::parse(&self.constraints)
    }

    /// As on the wire; `None` where there is none.
    pub(crate) fn constraints_shown(&self) -> Option<&Value> {
        (!self.constraints.as_object().is_some_and(serde_json::Map::is_empty)).then_some(&self.constraints)
    }

    pub(crate) fn granted_by(&self) -> Option<&ApprovedBy> {
        self.granted_by.as_ref()
    }

    pub(crate) fn granted_at(&self) -> Option<Timestamp> {
        self.granted_at
    }

    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The hash of the input schema that it was approved under, where a person did.
    pub(crate) fn approved_schema(&self) -> Option<&str> {
        self.approved_schema.as_deref()
    }

    /// Why it was denied or revoked.
    pub(crate) fn ended_because(&self) -> Option<&str> {
        self.ended_because.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::AutonomousPolicy;

    fn asked(capability: &str) -> CapabilityGrant {
        CapabilityGrant::requested("grt_1".to_owned(), capability, &Constraints::none(), None, Timestamp(100))
    }

    #[test]
    fn a_grant_is_decided_once() {
        let approved = Approved::by_policy(&AutonomousPolicy::granted(["ping"])).unwrap();
        let lifetime = Some(Duration::from_secs(60));
        let approve =
            Verdict::Approve { approved: &approved, lifetime, schema: Some("hash"), otherwise: "not covered" };
        let deny = Verdict::Deny { because: "no" };
        let now = Timestamp(200);

        let mut active = asked("ping");
        assert_eq!(active.decide(&approve, now), GrantStatus::Active);
        assert_eq!((active.granted_at(), active.expires_at()), (Some(now), Some(Timestamp(260))));
        let mut denied = asked("ping");
        assert_eq!(denied.decide(&deny, now), GrantStatus::Denied);
        assert_eq!(denied.ended_because(), Some("no"));
        let mut uncovered = asked("transfer_money");
        assert_eq!(uncovered.decide(&approve, now), GrantStatus::Denied);
        assert_eq!((uncovered.ended_because(), uncovered.granted_by()), (Some("not covered"), None));
        let mut revoked = asked("ping");
        revoked.revoke("over");

        for decided in [active, denied, uncovered, revoked] {
            for verdict in [&approve, &deny] {
                let mut again = decided.clone();
                assert_eq!(again.decide(verdict, Timestamp(300)), decided.status());
                assert_eq!(again, decided);
            }
        }
    }
}
