//! Running the program in a folder of its own.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_jose::{Algorithm, JwkSet, SigningKey, jws};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with what one test needs.
pub(crate) struct Folder(TempDir);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// 2026-11-22 09:30:00 UTC, the time of every test that names one.
pub(crate) const NOW: i64 = 1_795_339_800;
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

impl Folder {
    pub(crate) fn new() -> Self {
        Folder(TempDir::new().unwrap())
    }

    /// A folder with `key.json`, a private key, and `jwks.json`, its public half.
    pub(crate) fn with_key(algorithm: Algorithm) -> (Self, SigningKey) {
        let (folder, key) = (Self::new(), key_for(algorithm).with_kid("k1"));
        folder.write("key.json", key.to_jwk().unwrap().expose());
        folder.write("jwks.json", serde_json::to_string(&JwkSet::from_keys([key.verifying_key()]).unwrap()).unwrap());
        fs::set_permissions(folder.path("key.json"), private()).unwrap();
        (folder, key)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// `countersign token …`, the arguments parted by spaces.
    pub(crate) fn token(&self, arguments: &str, input: &str) -> Ran {
        self.run(&arguments.split_whitespace().collect::<Vec<_>>(), input)
    }

    /// `countersign token …`
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .arg("token")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input has ended before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let ran = child.wait_with_output().unwrap();
        Ran {
            code: ran.status.code().unwrap(),
            out: String::from_utf8(ran.stdout).unwrap(),
            err: String::from_utf8(ran.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The output, of a run that ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Ended with this code, saying this on standard error.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, saying: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(saying), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A key for the algorithm: a new one, or, since it takes long to make, the one key of RSA that is no secret.
pub(crate) fn key_for(algorithm: Algorithm) -> SigningKey {
    if matches!(algorithm, Algorithm::EdDSA | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512) {
        return SigningKey::generate(algorithm).unwrap();
    }
    let keys: Value = serde_json::from_str(include_str!("../../../jose/tests/vectors/keys.json")).unwrap();
    SigningKey::from_pkcs8_der(algorithm, &STANDARD.decode(keys["RS256"].as_str().unwrap()).unwrap()).unwrap()
}

/// A good access token.
pub(crate) fn good_claims() -> Value {
    serde_json::json!({
        "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW, "jti": "1", "client_id": "c1",
    })
}

/// Claims under a `typ`, signed whatever they are.
pub(crate) fn signed(key: &SigningKey, typ: &str, claims: &Value) -> String {
    jws::sign(key, Some(typ), claims.to_string().as_bytes()).unwrap()
}

pub(crate) fn private() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o600)
}
