//! §5.1 discovery, §5.13 errors, and what every path does with a request that it does not take.

use std::time::Duration;

use bytes::Bytes;
use countersign_agent_auth::{AgentPolicy, AgentProvider, ConfigError, EndpointValues};
use countersign_storage::{Endpoints, Limit};
use http::{Method, Request, StatusCode};
use pollster::block_on;
use serde_json::json;

use crate::world::{HostActor, ISSUER, LOCATION, World, autonomous, request};

/// §5.1: every place in which a client looks.
#[test]
fn discovery_is_at_the_root_inserted_and_appended_and_says_the_same() {
    let world = World::new();
    let root = world.get("/.well-known/agent-configuration", None);
    for path in ["/.well-known/agent-configuration/api/auth", "/api/auth/.well-known/agent-configuration"] {
        assert_eq!(world.get(path, None).ok(), root.ok());
    }
    assert_eq!(root.headers["cache-control"], "public, max-age=3600");
    assert_eq!(
        root.body,
        json!({
            "version": "1.0-draft",
            "provider_name": "bank",
            "description": "Accounts and transfers",
            "issuer": ISSUER,
            "default_location": LOCATION,
            "algorithms": ["Ed25519"],
            "modes": ["delegated", "autonomous"],
            "approval_methods": ["device_authorization"],
            "endpoints": {
                "register": "/agent/register",
                "capabilities": "/capability/list",
                "describe_capability": "/capability/describe",
                "execute": "/capability/execute",
                "batch_execute": "/capability/batch-execute",
                "request_capability": "/agent/request-capability",
                "reactivate": "/agent/reactivate",
                "rotate_key": "/agent/rotate-key",
                "rotate_host_key": "/host/rotate-key",
                "status": "/agent/status",
                "revoke": "/agent/revoke",
                "revoke_host": "/host/revoke",
                "introspect": "/agent/introspect",
            },
        })
    );
}

/// §2.2: what is not offered is not in discovery.
#[test]
fn autonomous_mode_is_not_offered_without_a_policy_for_it() {
    let world = World::with(AgentPolicy::default());
    assert_eq!(world.get("/.well-known/agent-configuration", None).body["modes"], json!(["delegated"]));
}

#[test]
fn endpoints_are_whole_urls_on_request() {
    let world = World::with(AgentPolicy { endpoint_values: EndpointValues::Urls, ..AgentPolicy::default() });
    let body = world.get("/.well-known/agent-configuration", None).body;
    assert_eq!(body["endpoints"]["register"], json!(format!("{ISSUER}/agent/register")));
}

/// Every path, and the method that it takes.
const ROUTES: &[(&str, &str)] = &[
    ("/api/auth/agent/register", "POST"),
    ("/api/auth/capability/list", "GET"),
    ("/api/auth/capability/describe", "GET"),
    ("/api/auth/capability/execute", "POST"),
    ("/api/auth/capability/batch-execute", "POST"),
    ("/api/auth/agent/request-capability", "POST"),
    ("/api/auth/agent/status", "GET"),
    ("/api/auth/agent/reactivate", "POST"),
    ("/api/auth/agent/rotate-key", "POST"),
    ("/api/auth/host/rotate-key", "POST"),
    ("/api/auth/agent/revoke", "POST"),
    ("/api/auth/host/revoke", "POST"),
    ("/api/auth/agent/introspect", "POST"),
    ("/.well-known/agent-configuration", "GET"),
    ("/.well-known/agent-configuration/api/auth", "GET"),
    ("/api/auth/.well-known/agent-configuration", "GET"),
];

/// What is mounted is in the table above and nothing else is; what discovery names is mounted.
#[test]
fn every_route_is_in_the_table_of_this_test() {
    let world = World::new();
    let mounted = world.provider.mounted();
    let rows: Vec<_> = mounted.iter().map(|row| (row.path.as_str(), row.methods.as_str())).collect();
    assert_eq!(rows, ROUTES);
    assert!(mounted.iter().all(|row| !row.shared), "pages of other origins");
    let body = world.get("/.well-known/agent-configuration", None).body;
    let named: Vec<_> = body["endpoints"].as_object().unwrap().values().map(|path| path.as_str().unwrap()).collect();
    for (path, _) in rows.iter().filter(|(path, _)| !path.contains("/.well-known/")) {
        assert!(named.contains(&path.strip_prefix("/api/auth").unwrap()), "{path}");
    }
    assert_eq!(named.len() + 3, rows.len());
}

#[test]
fn each_path_answers_its_method_and_refuses_all_others_by_its_name() {
    let world = World::new();
    for (path, method) in ROUTES {
        for asked in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let name = format!("{asked} {path}");
            let reply = world.send(request(asked.clone(), path, None, Some("{}".to_owned())));
            assert!(!reply.headers.contains_key("access-control-allow-origin"), "{name}");
            if asked.as_str() == *method {
                assert_ne!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{name}");
                assert!(reply.status.as_u16() < 500, "{name}: {}", reply.body);
            } else {
                reply.refused(405, "method_not_allowed");
                assert_eq!(reply.headers["allow"], *method, "{name}");
                assert_eq!(reply.body["message"], format!("this path takes {method} requests only"));
            }
        }
    }
}

#[test]
fn other_paths_are_handed_back_untouched() {
    let world = World::new();
    for path in [
        "/",
        "/api/auth",
        "/agent/register",
        "/api/auth/agent/register/",
        "/api/auth/agent/rotate",
        "/other/agent/register",
    ] {
        let back = block_on(world.provider.answer(request(Method::POST, path, None, Some("{}".to_owned()))));
        assert_eq!(back.unwrap_err().uri().path(), path);
    }
}

/// Bodies that are no acceptable JSON.
#[test]
fn a_body_is_refused_for_exactly_what_is_wrong_with_it() {
    let world = World::new();
    let host = HostActor::new();
    world.register(&host, json!(["ping"]));
    let send = |content_type: Option<&str>, body: &str| {
        let mut request = Request::builder().method(Method::POST).uri("/api/auth/agent/revoke");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.header("authorization", format!("Bearer {}", world.host_jwt(&host)));
        world.send(request.body(Bytes::from(body.to_owned())).unwrap())
    };
    let json = Some("application/json");
    send(None, "{}").refused(415, "unsupported_media_type");
    send(Some("application/json; charset=utf-16"), "{}").refused(415, "unsupported_media_type");
    send(Some("text/plain"), "{}").refused(415, "unsupported_media_type");
    send(Some("application/x-www-form-urlencoded"), "agent_id=x").refused(415, "unsupported_media_type");
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"agent_id":1}"#,
        r#"{"agent_id":"a","agent_id":"b"}"#,
        r#"{"agent_id":"a"}x"#,
        r#"{"agent_id":"a","deep":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}"#,
    ] {
        send(json, body).refused(400, "invalid_request");
    }
    let long = format!(r#"{{"agent_id":"{}"}}"#, "a".repeat(70_000));
    send(json, &long).refused(400, "invalid_request");
    send(Some("application/json; charset=utf-8"), r#"{"agent_id":"a"}"#).refused(404, "agent_not_found");
}

/// §5.14: who comes without credentials learns where to get some.
#[test]
fn a_401_points_to_discovery() {
    let world = World::new();
    let reply = world.post("/api/auth/capability/execute", None, &json!({ "capability": "ping" }));
    reply.refused(401, "authentication_required");
    assert_eq!(
        reply.headers["www-authenticate"],
        "AgentAuth discovery=\"https://as.test/.well-known/agent-configuration\""
    );
}

/// Mistakes are found when the provider is made.
#[test]
fn a_configuration_is_refused_by_the_name_of_the_setting() {
    let world = World::new();
    let attempt = |issuer: &str, verification_uri: &str, policy: AgentPolicy| {
        AgentProvider::new(countersign_agent_auth::AgentProviderConfig {
            issuer: issuer.to_owned(),
            provider_name: "bank".to_owned(),
            description: String::new(),
            verification_uri: verification_uri.to_owned(),
            ports: world_ports(),
            accounts: std::sync::Arc::new(countersign_storage::StoredAccounts::new(world_ports())),
            signed_in: std::sync::Arc::new(crate::world::Elsewhere),
            throttle: std::sync::Arc::new(countersign_storage::StoreThrottle::new(world_ports())),
            capabilities: crate::world::capabilities(),
            executor: std::sync::Arc::clone(&world.executor) as _,
            introspection_callers: countersign_agent_auth::IntrospectionCallers::Anyone(
                countersign_storage::Limit::new(1, std::time::Duration::from_secs(1)),
            ),
            policy,
        })
        .map(|_| ())
    };
    let device = "https://as.test/device";
    assert_eq!(attempt(ISSUER, device, AgentPolicy { autonomous: autonomous(), ..AgentPolicy::default() }), Ok(()));
    assert_eq!(
        attempt("http://localhost:3000/api/auth", "http://127.0.0.1:3000/device", AgentPolicy::default()),
        Ok(())
    );
    for issuer in [
        "http://as.test",
        "as.test",
        "https://as.test/",
        "https://AS.test",
        "https://as.test:443",
        "https://as.test/a/../b",
        "https://as.test/?a",
        "https://as.test#f",
        "https://u:p@as.test",
        "ftp://localhost",
    ] {
        assert!(matches!(attempt(issuer, device, AgentPolicy::default()), Err(ConfigError::Issuer(_))), "{issuer}");
    }
    assert!(matches!(
        attempt(ISSUER, "http://as.test/device", AgentPolicy::default()),
        Err(ConfigError::VerificationUri(_))
    ));
    let unknown = countersign_agent_auth::AutonomousPolicy::granted(["nothing"]);
    assert_eq!(
        attempt(ISSUER, device, AgentPolicy { autonomous: unknown, ..AgentPolicy::default() }),
        Err(ConfigError::AutonomousCapability("nothing".to_owned()))
    );
    let never = Duration::from_millis(999);
    let lifetimes: [(&str, Spoil<'_>); 14] = [
        ("session_lifetime", &|policy| policy.session_lifetime = never),
        ("max_lifetime", &|policy| policy.max_lifetime = never),
        ("absolute_lifetime", &|policy| policy.absolute_lifetime = Some(never)),
        ("grant_lifetime", &|policy| policy.grant_lifetime = Some(never)),
        ("approval_lifetime", &|policy| policy.approval_lifetime = never),
        ("approval_interval", &|policy| policy.approval_interval = never),
        ("fresh_session", &|policy| policy.fresh_session = never),
        ("user_code_attempts.window", &|policy| policy.user_code_attempts = Limit::new(1, never)),
        ("unknown_hosts.window", &|policy| policy.unknown_hosts = Limit::new(1, never)),
        ("calls.window", &|policy| policy.calls = Some(Limit::new(1, never))),
        ("registrations.window", &|policy| policy.registrations = Some(Limit::new(1, never))),
        ("pending_kept", &|policy| policy.pending_kept = never),
        ("host_lifetime", &|policy| policy.host_lifetime = never),
        ("ended_kept", &|policy| policy.ended_kept = never),
    ];
    for (name, spoil) in lifetimes {
        let mut policy = AgentPolicy::default();
        spoil(&mut policy);
        assert_eq!(attempt(ISSUER, device, policy), Err(ConfigError::Lifetime(name)));
    }
    for number in [0, 1_001] {
        let agents = AgentPolicy { agents_per_host: number, ..AgentPolicy::default() };
        assert_eq!(attempt(ISSUER, device, agents), Err(ConfigError::Number("agents_per_host")));
        let hosts = AgentPolicy { hosts_per_person: number, ..AgentPolicy::default() };
        assert_eq!(attempt(ISSUER, device, hosts), Err(ConfigError::Number("hosts_per_person")));
    }
}

/// Makes one setting of a policy wrong.
type Spoil<'a> = &'a dyn Fn(&mut AgentPolicy);

fn world_ports() -> countersign_storage::Ports {
    use std::sync::Arc;

    use countersign_storage::{ManualClock, MemoryStore, Ports, SeededRandom, Timestamp, TracingAudit};
    Ports {
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(ManualClock::at(Timestamp(0))),
        random: Arc::new(SeededRandom::new(0)),
        audit: Arc::new(TracingAudit),
    }
}
