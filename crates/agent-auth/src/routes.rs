//! Which path is answered by what. Discovery lists exactly what is here.

use http::Method;

/// The endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Endpoint {
    BatchExecute,
    DescribeCapability,
    Discovery,
    Execute,
    Introspect,
    ListCapabilities,
    Reactivate,
    Register,
    RequestCapability,
    RevokeAgent,
    RevokeHost,
    RotateAgentKey,
    RotateHostKey,
    Status,
}

/// One row: the path below the issuer, its method, and its name in discovery.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    pub(crate) method: Method,
    pub(crate) key: &'static str,
    pub(crate) endpoint: Endpoint,
}

/// Everything that is mounted below the issuer (Agent Auth §5.1).
pub(crate) const ROWS: &[Row] = &[
    Row { path: "/agent/register", method: Method::POST, key: "register", endpoint: Endpoint::Register },
    Row { path: "/capability/list", method: Method::GET, key: "capabilities", endpoint: Endpoint::ListCapabilities },
    Row {
        path: "/capability/describe",
        method: Method::GET,
        key: "describe_capability",
        endpoint: Endpoint::DescribeCapability,
    },
    Row { path: EXECUTE, method: Method::POST, key: "execute", endpoint: Endpoint::Execute },
    Row {
        path: "/capability/batch-execute",
        method: Method::POST,
        key: "batch_execute",
        endpoint: Endpoint::BatchExecute,
    },
    Row {
        path: "/agent/request-capability",
        method: Method::POST,
        key: "request_capability",
        endpoint: Endpoint::RequestCapability,
    },
    Row { path: "/agent/status", method: Method::GET, key: "status", endpoint: Endpoint::Status },
    Row { path: "/agent/reactivate", method: Method::POST, key: "reactivate", endpoint: Endpoint::Reactivate },
    Row { path: "/agent/rotate-key", method: Method::POST, key: "rotate_key", endpoint: Endpoint::RotateAgentKey },
    Row { path: "/host/rotate-key", method: Method::POST, key: "rotate_host_key", endpoint: Endpoint::RotateHostKey },
    Row { path: "/agent/revoke", method: Method::POST, key: "revoke", endpoint: Endpoint::RevokeAgent },
    Row { path: "/host/revoke", method: Method::POST, key: "revoke_host", endpoint: Endpoint::RevokeHost },
    Row { path: "/agent/introspect", method: Method::POST, key: "introspect", endpoint: Endpoint::Introspect },
];

pub(crate) const EXECUTE: &str = "/capability/execute";
const WELL_KNOWN: &str = "/.well-known/agent-configuration";

/// The paths of one issuer.
#[derive(Debug)]
pub(crate) struct Routes {
    /// The issuer's path, without a final slash: empty, or `/api/auth`.
    base: String,
}

impl Routes {
    pub(crate) fn below(base: &str) -> Self {
        Routes { base: base.to_owned() }
    }

    /// What answers a path, and with which method.
    pub(crate) fn find(&self, path: &str) -> Option<(Endpoint, Method)> {
        if self.is_discovery(path) {
            return Some((Endpoint::Discovery, Method::GET));
        }
        let path = path.strip_prefix(self.base.as_str())?;
        ROWS.iter().find(|row| row.path == path).map(|row| (row.endpoint, row.method.clone()))
    }

    /// At the root, as the client looks for it; inserted and appended, as issuers with a path are looked for (RFC 8414 §3).
    fn is_discovery(&self, path: &str) -> bool {
        path.strip_prefix(WELL_KNOWN).is_some_and(|rest| rest.is_empty() || rest == self.base)
            || path.strip_prefix(self.base.as_str()) == Some(WELL_KNOWN)
    }

    /// Where discovery is, for a challenge (Agent Auth §5.14).
    pub(crate) fn discovery(origin: &str) -> String {
        format!("{origin}{WELL_KNOWN}")
    }
}
