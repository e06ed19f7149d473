//! One record of each kind that people look at, as the crates that own them store it: for the readable views of back
//! ends that have some.

use crate::audit_log::REPEATS;
use crate::clock::Timestamp;
use crate::record::{Entry, Index, Key, Kind, Version};

/// The samples. The name of a person holds a quote, a line break, an emoji and U+0000: a view must survive all of them.
pub fn records() -> Vec<Entry> {
    let repeats = Entry {
        key: Key { kind: REPEATS, id: "repeats".to_owned() },
        version: Version::from_i64(0),
        body: "37".into(),
        indexes: Vec::new(),
        expires_at: Some(Timestamp(1_800_000_000 + 90)),
    };
    SAMPLES
        .iter()
        .map(|(kind, id, body)| Entry {
            key: Key { kind: Kind::new(kind), id: (*id).to_owned() },
            version: Version::from_i64(0),
            body: (*body).into(),
            indexes: vec![Index::new("subject", "usr_1")],
            expires_at: (*kind == "audit").then_some(Timestamp(1_800_000_000 + 60)),
        })
        .chain([repeats])
        .collect()
}

/// The views that each back end with views has, and how many rows the samples give in each.
pub const VIEWS: [(&str, usize); 8] = [
    ("users", 1),
    ("sessions", 1),
    ("clients", 1),
    ("grants", 1),
    ("hosts", 1),
    ("agents", 1),
    ("capability_grants", 2),
    ("audit", 1),
];

const SAMPLES: [(&str, &str, &str); 7] = [
    (
        "account",
        "usr_1",
        r#"{"subject":"usr_1","email":"alice@example.test","email_verified":false,"name":"O'Alice\n\"😀\"\u0000",
            "claims":{"locale":"de"},"state":"active","created_at":1800000000,"updated_at":1800000001}"#,
    ),
    (
        "session",
        "hash-of-a-cookie",
        r#"{"handle":"hash-of-a-cookie","id":"ses_1","subject":"usr_1","auth_time":1800000000,"amr":["pwd"],
            "created_at":1800000000,"last_seen_at":1800000060,"expires_at":1800003600,"ends_at":1800086400,
            "user_agent":"Browser/1.0","ip":"127.0.0.1"}"#,
    ),
    (
        "client",
        "notes",
        r#"{"client_id":"notes","name":"Notes","application_type":"web","token_endpoint_auth_method":"client_secret_basic",
            "secrets":["hash-of-a-secret"],"redirect_uris":["http://127.0.0.1:4000/callback"],
            "grant_types":["authorization_code","refresh_token"],"scopes":"openid notes:read",
            "resources":["http://127.0.0.1:8000"],"id_token_algorithm":"RS256","client_uri":"http://127.0.0.1:4000",
            "state":"active","created_at":1800000000,"updated_at":1800000000}"#,
    ),
    (
        "grant",
        "grt_1",
        r#"{"id":"grt_1","subject":"usr_1","client_id":"notes","scopes":"openid notes:read",
            "resources":["http://127.0.0.1:8000"],"redirect_uris":["http://127.0.0.1:4000/callback"],
            "client_fingerprint":"f","state":"active","generation":1,"granted_at":1800000000,"used_at":1800000001}"#,
    ),
    (
        "agent_host",
        "hst_1",
        r#"{"id":"hst_1","key":{"thumbprint":"t1","jwk":"{}"},"former_keys":[],"name":"Laptop","status":"active",
            "subject":"usr_1","linked_at":1800000001,"agents_registered":1,"created_at":1800000000}"#,
    ),
    (
        "agent",
        "agt_1",
        r#"{"id":"agt_1","host_id":"hst_1","key":{"thumbprint":"t2","jwk":"{}"},"name":"Helper","mode":"delegated",
            "reason":"to help","standing":"active","subject":"usr_1","created_at":1800000000,"activated_at":1800000001,
            "last_used_at":1800000002,"approval":{"id":"apr_1","code":"hash-of-a-code","expires_at":1800000600},
            "grants":[{"id":"g1","capability":"transfer","status":"active","constraints":{"amount":{"max":5}},
                "requested_at":1800000000,"granted_at":1800000001,"expires_at":1800009999,"ended_because":"no"},
                {"id":"g2","capability":"balance","status":"pending","constraints":{},"requested_at":1800000000,
                "granted_at":1800000001,"expires_at":1800009999,"ended_because":"no"}]}"#,
    ),
    (
        "audit",
        "1800000000x",
        r#"{"id":"1800000000x","at":1800000000,"action":"agent.execute",
            "actor":{"type":"agent","agent_id":"agt_1","host_id":"hst_1"},"subject":"usr_1","outcome":"denied",
            "reason":"constraint_violated","detail":{"capability":"transfer"},"repeats":"repeats"}"#,
    ),
];
