//! TLS to a real server: whose certificate is accepted, and whose is not.

use crate::server::{Server, as_server, folder, free_address, postgres_programs, start, write};
use countersign_postgres::{ConnectError, PostgresConfig, PostgresStore, TlsRoots};
use countersign_storage::{Key, Kind, Secret, Store};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server with a certificate for `name`; only connections with TLS are let in.
fn server(authority: &Authority, name: &str, expired: bool) -> Option<Server> {
    let Some(programs) = postgres_programs() else {
        eprintln!("NOT TESTED: PostgreSQL is not installed here");
        return None;
    };
    let (folder, address) = (folder(), free_address());
    let data = folder.path().join("data");
    let made = as_server(&programs.join("initdb"))
        .arg("-D")
        .arg(&data)
        .args(["-U", "countersign", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"])
        .status();
    assert!(made.unwrap().success(), "initdb");
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let certificate = params.signed_by(&key, authority).unwrap();
    write(&data.join("server.crt"), &certificate.pem());
    write(&data.join("server.key"), &key.serialize_pem());
    write(&data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
    let mut command = as_server(&programs.join("postgres"));
    command.arg("-D").arg(&data).arg("-p").arg(address.port().to_string());
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "ssl=on"] {
        command.args(["-c", setting]);
    }
    Some(start(command, address, folder))
}

/// Waits for a server that is still starting up.
async fn connect(url: &str, roots: &Authority) -> Result<PostgresStore, ConnectError> {
    loop {
        let mut config = PostgresConfig::new(Secret::new(url));
        config.tls_roots = TlsRoots::Only(vec![roots.der().to_vec()]);
        match PostgresStore::connect(config).await {
            Err(ConnectError::Unavailable(reason)) if reason.contains("57P03") => tokio::task::yield_now().await,
            outcome => return outcome,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_believed_for_its_name_its_authority_and_its_time_alone() {
    let (ours, other) = (authority(), authority());
    let Some(good) = server(&ours, "localhost", false) else { return };
    let port = good.address.port();
    let by_name = format!("postgres://countersign@localhost:{port}/postgres");
    let by_address = format!("postgres://countersign@127.0.0.1:{port}/postgres");
    for mode in ["require", "verify-ca", "verify-full"] {
        let store = connect(&format!("{by_name}?sslmode={mode}"), &ours).await.unwrap();
        let key = Key { kind: Kind::new("sample"), id: "a".to_owned() };
        assert_eq!(store.load(&[key]).await, Ok(vec![None]), "{mode}");
        let cases = [
            (&by_address, &ours, "is for another name"),
            (&by_name, &other, "comes from an authority that is not trusted"),
        ];
        for (url, roots, words) in cases {
            let refused = connect(&format!("{url}?sslmode={mode}"), roots).await.unwrap_err();
            let expected = format!("the certificate of PostgreSQL {words}");
            assert_eq!(refused, ConnectError::Unavailable(expected), "{mode}");
        }
    }
    let plain = connect(&format!("{by_name}?sslmode=disable"), &ours).await.unwrap_err();
    let refused = "the server refuses the role or its password (SQLSTATE 28000)";
    assert_eq!(plain, ConnectError::Unavailable(refused.to_owned()), "the server lets nobody in without TLS");
    let expired = server(&ours, "localhost", true).unwrap();
    let url = format!("postgres://countersign@localhost:{}/postgres?sslmode=require", expired.address.port());
    let refused = connect(&url, &ours).await.unwrap_err();
    assert_eq!(refused, ConnectError::Unavailable("the certificate of PostgreSQL has expired".to_owned()));
}
