//! What the parts of Countersign report, each action with its facts and its words.

use std::net::IpAddr;

use crate::audit_row::Fact;

crate::actions! {
    /// Something that a part of Countersign reports. A name on record stays what it is; so does the name of a fact.
    #[derive(Clone, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum Action {
        /// An account began.
        AccountCreate {
            /// From where.
            address: Option<IpAddr>,
        } => ["account.create" "Account created"] apart [address],

        /// A person allowed an agent something.
        AgentApprove {
            /// Its id.
            agent: String,
            /// As it calls itself.
            agent_name: String,
            /// The id of its host.
            host: String,
            /// In which of the person's sessions.
            session: String,
            /// The capabilities that were asked for.
            asked: Vec<String>,
            /// Of these, the allowed ones.
            granted: Option<Vec<String>>,
            /// And the others.
            denied: Option<Vec<String>>,
        } => ["agent.approve" "Approved an agent" refused "Could not approve an agent"] apart [agent],

        /// An agent became a person's, because its host did.
        AgentClaim {
            /// Its id.
            agent: String,
            /// The id of its host.
            host: String,
            /// In which of the person's sessions.
            session: String,
        } => ["agent.claim" "Took over an agent"] apart [agent],

        /// A person allowed an agent nothing.
        AgentDeny {
            /// Its id.
            agent: String,
            /// As it calls itself.
            agent_name: String,
            /// The id of its host.
            host: String,
            /// In which of the person's sessions.
            session: String,
            /// The capabilities that were asked for.
            asked: Vec<String>,
        } => ["agent.deny" "Denied an agent"] apart [agent],

        /// An agent asked for a call of a capability. Where it is allowed, the call begins now.
        AgentExecute {
            /// The id of the call.
            call: String,
            /// Of what.
            capability: String,
            /// As the agent calls itself.
            agent_name: String,
            /// The id of the capability grant that allows it.
            grant: Option<String>,
            /// Who gave that.
            approved_by: Option<String>,
        } => ["agent.execute" "Used {capability}" refused "Tried to use {capability}"] apart [capability],

        /// A call ended well. That it began is shown already.
        AgentExecuteCompleted {
            /// The id of the call.
            call: String,
            /// Of what.
            capability: String,
        } => ["agent.execute_completed" unshown],

        /// A call that was allowed ended badly.
        AgentExecuteFailed {
            /// The id of the call.
            call: String,
            /// Of what.
            capability: String,
        } => ["agent.execute_failed" "Use of {capability} failed"] apart [capability],

        /// A call that was allowed did not begin: what allowed it was withdrawn while it waited for others.
        AgentExecuteNotBegun {
            /// The id of the call.
            call: String,
            /// Of what.
            capability: String,
            /// The code of the refusal.
            because: String,
        } => ["agent.execute_not_begun" "Use of {capability} was stopped before it began"],

        /// A host woke an agent whose session had expired.
        AgentReactivate {
            /// Its id.
            agent: String,
        } => ["agent.reactivate" "Agent was active again" refused "Agent could not become active again"] apart [agent],

        /// A host registered an agent.
        AgentRegister {
            /// Its id.
            agent: Option<String>,
            /// As it calls itself.
            agent_name: Option<String>,
            /// For whom it acts.
            mode: Option<String>,
            /// The capabilities that it asks for.
            capabilities: Option<Vec<String>>,
        } => ["agent.register" "Agent asked for approval"] apart [capabilities],

        /// An agent asked for more capabilities.
        AgentRequestCapability {
            /// As it calls itself.
            agent_name: String,
            /// Which ones.
            capabilities: Option<Vec<String>>,
        } => ["agent.request_capability" "Agent asked for more" refused "Agent asked for more than it can get"]
            apart [capabilities],

        /// An agent was ended.
        AgentRevoke {
            /// Its id.
            agent: String,
            /// As it calls itself.
            agent_name: Option<String>,
            /// The id of its host.
            host: Option<String>,
        } => ["agent.revoke" "Agent revoked"] apart [agent],

        /// An agent has another key.
        AgentRotateKey {
            /// Its id.
            agent: String,
        } => ["agent.rotate_key" "Agent changed its key" refused "Agent could not change its key"] apart [agent],

        /// A client showed an authorization code.
        CodeRedeem {
            /// The id of the token family that began with it.
            family: String,
            /// What its tokens are good for.
            scope: Option<String>,
        } => ["code.redeem" "App signed you in" refused "App showed a code that is not good"] apart [family],

        /// A person answered what a client asks for.
        GrantApprove {
            /// Which client.
            client_id: String,
            /// What it was allowed.
            scope: Option<String>,
        } => ["grant.approve" "Allowed an app" declined "Denied an app"] apart [client_id],

        /// A person took back what a client was allowed.
        GrantRevoke {
            /// Which client.
            client_id: String,
        } => ["grant.revoke" "App disconnected"],

        /// A host became a person's.
        HostLink {
            /// Its id.
            host: String,
            /// In which of the person's sessions.
            session: String,
        } => ["host.link" "Linked a host"] apart [host],

        /// A host was ended, and its agents with it.
        HostRevoke {
            /// Its id.
            host: String,
            /// How many of its agents were alive.
            agents_revoked: usize,
        } => ["host.revoke" "Host revoked"] apart [host],

        /// A host has another key.
        HostRotateKey {
            /// Its id.
            host: String,
            /// The thumbprint of the key that it had.
            former: String,
            /// The thumbprint of the key that it has.
            thumbprint: String,
        } => ["host.rotate_key" "Host changed its key" refused "Host could not change its key"] apart [host],

        /// A person typed their password again.
        SessionConfirm {
            /// In which session.
            session_id: String,
        } => ["session.confirm" "Confirmed the password"] apart [session_id],

        /// One session ended, or several at once.
        SessionEnd {
            /// Which one, where it is one.
            session_id: Option<String>,
            /// The one that stays, where all others ended.
            kept: Option<String>,
            /// Why.
            reason: SessionEnding,
        } => ["session.end" "{reason}"],

        /// A person signed in, or somebody tried to.
        SessionStart {
            /// From where.
            address: Option<IpAddr>,
            /// The session that began.
            session_id: Option<String>,
            /// How the person proved who they are.
            amr: Option<Vec<String>>,
        } => ["session.start" "Signed in" refused "Somebody tried to sign in"] apart [address],

        /// A client showed a refresh token.
        TokenRefresh {
            /// The id of its token family.
            family: String,
        } => ["token.refresh" "App renewed its access" refused "App could not renew its access"] apart [family],

        /// A client gave a token back.
        TokenRevoke {
            /// The id of its token family, which ended with it.
            family: Option<String>,
            /// The id of an access token that ended alone.
            jti: Option<String>,
        } => ["token.revoke" "App gave its access back"] apart [family],
    }
}

/// An enum that is a fact, from rows: the name on record, and the words. The last words are for every other name.
macro_rules! reasons {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident => [$on_record:literal $words:literal] ),* $(,)?
        }
        otherwise $otherwise:literal
    ) => {
        $(#[$meta])*
        pub enum $name {
            $( $(#[$variant_meta])* $variant ),*
        }

        impl Fact for $name {
            fn on_record(&self) -> Option<String> {
                let on_record = match self {
                    $( Self::$variant => $on_record ),*
                };
                Some(on_record.to_owned())
            }

            fn words(on_record: Option<&str>) -> Option<&'static str> {
                Some(match on_record {
                    $( Some($on_record) => $words, )*
                    _ => $otherwise,
                })
            }
        }
    };
}

reasons! {
    /// Why a session ended.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    pub enum SessionEnding {
        /// By its clocks.
        Expired => ["expired" "Session ended by itself"],
        /// The same browser signed in again.
        Replaced => ["replaced" "Session replaced"],
        /// From the dashboard, it alone.
        Revoked => ["revoked" "Session ended from the dashboard"],
        /// From the dashboard, all of the person.
        RevokedAll => ["revoked_all" "Ended all sessions"],
        /// From the dashboard, all of the person but one.
        RevokedOthers => ["revoked_others" "Ended all other sessions"],
        /// The person signed out.
        SignOut => ["sign_out" "Signed out"],
        /// The person began more sessions than they can have.
        TooMany => ["too_many" "Session ended to make room for another"],
    }
    otherwise "Session ended"
}
