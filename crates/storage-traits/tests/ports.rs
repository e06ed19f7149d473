//! The ports that come with the ground: throttle, accounts, key ring, e-mail addresses, secrets, time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report, in its helpers too"
)]

use std::sync::Arc;
use std::time::Duration;

use countersign_storage::conformance::executor::{block_on, join_all};
use countersign_storage::{
    Account, AccountState, Accounts, Allowance, Batch, Change, Clock, Count, EmailAddress, EmailTaken, Entry, Fault,
    Handle, KeyRing, KeyRingError, KeyRingFit, Limit, ManualClock, MemoryStore, NewAccount, OtherSecrets, Ports,
    Sealed, SealingKey, Secret, SeededRandom, Stopped, Store, StoreThrottle, StoredAccounts, Subject, Throttle,
    Timestamp, TracingAudit, Version,
};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_800_000_000);

struct World {
    ports: Ports,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
}

fn world() -> World {
    let (clock, store) = (Arc::new(ManualClock::at(NOW)), Arc::new(MemoryStore::new()));
    let random = Arc::new(SeededRandom::new(1));
    let ports = Ports { store: store.clone(), clock: clock.clone(), random, audit: Arc::new(TracingAudit) };
    World { ports, clock, store }
}

mod throttle {
    use super::*;

    const LIMIT: Limit = Limit::new(3, Duration::from_secs(60));

    #[test]
    fn the_attempt_after_the_last_allowed_one_waits_for_the_next_window() {
        let world = world();
        let throttle = StoreThrottle::new(world.ports.clone());
        block_on(async {
            for _ in 0..3 {
                assert_eq!(throttle.attempt("sign_in", "alice", LIMIT).await, Ok(Allowance::Allowed));
            }
            for _ in 0..2 {
                let refused = throttle.attempt("sign_in", "alice", LIMIT).await;
                assert_eq!(refused, Ok(Allowance::RetryAfter(Duration::from_secs(60))));
            }
            world.clock.advance(Duration::from_secs(59));
            let refused = throttle.attempt("sign_in", "alice", LIMIT).await;
            assert_eq!(refused, Ok(Allowance::RetryAfter(Duration::from_secs(1))));
            world.clock.advance(Duration::from_secs(1));
            assert_eq!(throttle.attempt("sign_in", "alice", LIMIT).await, Ok(Allowance::Allowed));
        });
    }

    #[test]
    fn each_who_and_each_what_is_counted_apart() {
        let throttle = StoreThrottle::new(world().ports);
        block_on(async {
            for (what, who) in [("sign_in", "alice"), ("sign_in", "bob"), ("user_code", "alice"), ("user_code", "bob")]
            {
                for _ in 0..3 {
                    assert_eq!(throttle.attempt(what, who, LIMIT).await, Ok(Allowance::Allowed), "{what} {who}");
                }
                assert_ne!(throttle.attempt(what, who, LIMIT).await, Ok(Allowance::Allowed), "{what} {who}");
            }
        });
    }

    #[test]
    fn of_many_attempts_at_once_only_so_many_are_allowed() {
        let throttle = StoreThrottle::new(world().ports);
        let outcomes = block_on(join_all((0..40).map(|_| throttle.attempt("sign_in", "alice", LIMIT))));
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(Allowance::Allowed)).count(), 3);
        assert!(outcomes.iter().all(Result::is_ok));
    }

    #[test]
    fn what_is_stored_does_not_name_anybody_and_can_be_purged() {
        let world = world();
        let throttle = StoreThrottle::new(world.ports.clone());
        block_on(async {
            throttle.attempt("sign_in", "alice@example.test", LIMIT).await.unwrap();
            assert!(world.store.dump().iter().all(|entry| !format!("{:?}", entry.key).contains("alice")));
            let after = NOW + Duration::from_secs(61);
            assert_eq!(world.ports.store.purge(after, 100).await, Ok(1));
        });
    }

    #[test]
    fn an_attempt_that_is_over_one_limit_is_counted_nowhere() {
        let throttle = StoreThrottle::new(world().ports);
        let (narrow, wide) = (Limit::new(1, Duration::from_secs(60)), Limit::new(3, Duration::from_secs(60)));
        let counts =
            |who| [Count { what: "account", who, limit: narrow }, Count { what: "address", who: "x", limit: wide }];
        block_on(async {
            assert_eq!(throttle.attempt_all(&counts("alice")).await, Ok(Allowance::Allowed));
            for _ in 0..10 {
                assert_ne!(throttle.attempt_all(&counts("alice")).await, Ok(Allowance::Allowed));
            }
            assert_eq!(throttle.attempt_all(&counts("bob")).await, Ok(Allowance::Allowed));
            assert_eq!(throttle.attempt_all(&counts("carol")).await, Ok(Allowance::Allowed));
            assert_ne!(
                throttle.attempt_all(&counts("dave")).await,
                Ok(Allowance::Allowed),
                "the other limit holds too"
            );
        });
    }

    #[test]
    fn what_is_forgiven_is_not_counted_in_its_window_and_in_no_other() {
        let world = world();
        let throttle = StoreThrottle::new(world.ports.clone());
        let limit = Limit::new(2, Duration::from_secs(60));
        let counts = [Count { what: "account", who: "alice", limit }];
        block_on(async {
            for _ in 0..20 {
                assert_eq!(throttle.attempt_all(&counts).await, Ok(Allowance::Allowed));
                throttle.forgive(&counts, NOW).await.unwrap();
            }
            // One more than counted would be a free attempt.
            assert_eq!(throttle.attempt_all(&counts).await, Ok(Allowance::Allowed));
            assert_eq!(throttle.attempt_all(&counts).await, Ok(Allowance::Allowed));
            assert_ne!(throttle.attempt_all(&counts).await, Ok(Allowance::Allowed));
            throttle.forgive(&counts, NOW + Duration::from_secs(60)).await.unwrap();
            assert_ne!(throttle.attempt_all(&counts).await, Ok(Allowance::Allowed), "another window");
            assert_eq!(world.ports.store.purge(NOW + Duration::from_secs(180), 100).await, Ok(3), "all of it ends");
        });
    }

    #[test]
    fn a_window_of_no_length_counts_as_one_second() {
        let throttle = StoreThrottle::new(world().ports);
        let limit = Limit::new(1, Duration::ZERO);
        block_on(async {
            assert_eq!(throttle.attempt("sign_in", "alice", limit).await, Ok(Allowance::Allowed));
            let refused = throttle.attempt("sign_in", "alice", limit).await;
            assert_eq!(refused, Ok(Allowance::RetryAfter(Duration::from_secs(1))));
        });
    }
}

mod accounts {
    use super::*;

    fn new(subject: &str, email: &str) -> NewAccount {
        NewAccount {
            subject: Subject::new(subject).unwrap(),
            email: EmailAddress::parse(email).unwrap(),
            name: "Alice".to_owned(),
        }
    }

    #[test]
    fn an_account_is_found_by_subject_and_by_address_however_it_is_written() {
        let accounts = StoredAccounts::new(world().ports);
        block_on(async {
            let created = accounts.create(new("usr_1", "Alice@Example.test")).await.unwrap();
            assert_eq!(created.state, AccountState::Active);
            assert!(!created.email_verified);
            assert_eq!((created.created_at, created.updated_at), (NOW, NOW));
            let written = EmailAddress::parse(" aLICE@example.TEST ").unwrap();
            assert_eq!(accounts.by_email(&written).await, Ok(Some(created.clone())));
            assert_eq!(accounts.by_subject(&created.subject).await, Ok(Some(created)));
            assert_eq!(accounts.by_email(&EmailAddress::parse("bob@example.test").unwrap()).await, Ok(None));
            assert_eq!(accounts.by_subject(&Subject::new("usr_2").unwrap()).await, Ok(None));
        });
    }

    #[test]
    fn an_address_belongs_to_one_account() {
        let accounts = StoredAccounts::new(world().ports);
        block_on(async {
            let first = accounts.create(new("usr_1", "alice@example.test")).await.unwrap();
            let second = accounts.create(new("usr_2", "ALICE@example.test")).await;
            assert_eq!(second, Err(Stopped::Refused(EmailTaken)));
            assert_eq!(accounts.by_email(&first.email).await, Ok(Some(first)));
            assert_eq!(accounts.by_subject(&Subject::new("usr_2").unwrap()).await, Ok(None));
        });
    }

    #[test]
    fn of_many_who_sign_up_at_once_with_one_address_one_gets_it() {
        let accounts = StoredAccounts::new(world().ports);
        let create = |n: usize| accounts.create(new(&format!("usr_{n}"), "alice@example.test"));
        let outcomes = block_on(join_all((0..32).map(create)));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let losers = outcomes.iter().filter(|outcome| **outcome == Err(Stopped::Refused(EmailTaken)));
        assert_eq!(losers.count(), 31);
    }

    #[test]
    fn a_disabled_account_is_seen_as_such_at_the_next_look() {
        let world = world();
        let accounts = StoredAccounts::new(world.ports.clone());
        block_on(async {
            let created = accounts.create(new("usr_1", "alice@example.test")).await.unwrap();
            world.clock.advance(Duration::from_secs(5));
            assert_eq!(accounts.set_state(&created.subject, AccountState::Disabled).await, Ok(true));
            let disabled = accounts.by_subject(&created.subject).await.unwrap().unwrap();
            assert_eq!((disabled.state, disabled.updated_at), (AccountState::Disabled, NOW + Duration::from_secs(5)));
            assert_eq!(accounts.by_email(&created.email).await, Ok(Some(disabled.clone())));
            world.clock.advance(Duration::from_secs(5));
            assert_eq!(accounts.set_state(&created.subject, AccountState::Disabled).await, Ok(true));
            assert_eq!(accounts.by_subject(&created.subject).await, Ok(Some(disabled)));
            let nobody = Subject::new("usr_9").unwrap();
            assert_eq!(accounts.set_state(&nobody, AccountState::Disabled).await, Ok(false));
        });
    }

    /// While an update is under way a newer version writes accounts that this one must not use. It keeps the person out all
    /// the same, and lets nobody in.
    #[test]
    fn an_account_that_a_newer_version_wrote_is_disabled_and_not_enabled() {
        let newer: [(&str, Value); 4] = [
            ("least_shape", json!(2)),
            ("state", json!("of_tomorrow")),
            ("email", json!({ "of": "tomorrow" })),
            ("updated_at", json!("tomorrow")),
        ];
        for (member, value) in newer {
            let world = world();
            let accounts = StoredAccounts::new(world.ports.clone());
            block_on(async {
                let subject = accounts.create(new("usr_1", "alice@example.test")).await.unwrap().subject;
                let stored = || {
                    let found =
                        world.store.dump().into_iter().find(|entry| entry.key.kind.as_str() == "account").unwrap();
                    (serde_json::from_str::<Value>(&found.body).unwrap(), found)
                };
                let (mut body, entry) = stored();
                body["least_shape"] = json!(2);
                body[member] = value;
                let changes = vec![Change::Replace(Entry { body: body.to_string().into(), ..entry })];
                let version = Version::from_i64(7);
                world.store.commit(Batch { version, guards: Vec::new(), changes }).await.unwrap();
                let newer = Fault::Newer { kind: "account" };
                assert_eq!(accounts.set_state(&subject, AccountState::Active).await.unwrap_err(), newer, "{member}");
                assert_eq!(stored().0, body, "{member}");
                assert!(accounts.set_state(&subject, AccountState::Disabled).await.unwrap(), "{member}");
                body["state"] = json!("disabled");
                body["generation"] = json!(1);
                body["updated_at"] = json!(NOW);
                assert_eq!(stored().0, body, "{member}");
                assert_eq!(accounts.set_state(&subject, AccountState::Active).await.unwrap_err(), newer, "{member}");
                assert_eq!(accounts.by_subject(&subject).await, Err(newer), "{member}");
            });
        }
    }

    /// Stored shapes stay readable.
    #[test]
    fn the_first_stored_shape_of_an_account_is_read() {
        let stored = r#"{"subject":"usr_1","email":"alice@example.test","email_verified":true,"name":"Alice",
            "state":"active","created_at":1800000000,"updated_at":1800000000}"#;
        let account: Account = serde_json::from_str(stored).unwrap();
        assert!(account.claims.is_empty() && account.email_verified);
    }
}

/// AES-GCM-SIV (RFC 8452) under keys derived with HKDF (RFC 5869).
mod key_ring {
    use super::*;

    fn secret(n: u32) -> Secret {
        Secret::new(format!("secret number {n}, long enough to be one"))
    }

    fn ring(versions: &[u32]) -> KeyRing {
        KeyRing::new(versions.iter().map(|n| (*n, secret(*n)))).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_the_same_context_alone() {
        let ring = ring(&[1]);
        let sealed = ring.seal("key:a", b"private").unwrap();
        assert_eq!(ring.open("key:a", &sealed).unwrap().as_slice(), b"private");
        for context in ["key:b", "key:", "", "key:a "] {
            assert!(matches!(ring.open(context, &sealed), Err(Fault::Crypto(_))), "{context}");
        }
        assert!(!serde_json::to_string(&sealed).unwrap().contains("private"));
    }

    #[test]
    fn the_same_text_sealed_twice_looks_different() {
        let ring = ring(&[1]);
        assert_ne!(ring.seal("c", b"text").unwrap(), ring.seal("c", b"text").unwrap());
    }

    #[test]
    fn new_things_are_sealed_under_the_newest_secret_and_old_ones_still_open() {
        let old = ring(&[1]);
        let sealed_before = old.seal("c", b"before").unwrap();
        let both = ring(&[2, 1]);
        assert_eq!(both.open("c", &sealed_before).unwrap().as_slice(), b"before");
        let sealed_after = both.seal("c", b"after").unwrap();
        assert_eq!(ring(&[2]).open("c", &sealed_after).unwrap().as_slice(), b"after");
        assert!(old.open("c", &sealed_after).is_err());
        assert!(ring(&[2]).open("c", &sealed_before).is_err());
    }

    #[test]
    fn another_secret_of_the_same_number_opens_nothing() {
        let sealed = ring(&[1]).seal("c", b"text").unwrap();
        let other = KeyRing::new([(1, secret(9))]).unwrap();
        assert!(other.open("c", &sealed).is_err());
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let ring = ring(&[1]);
        let sealed = serde_json::to_string(&ring.seal("c", b"text").unwrap()).unwrap();
        for place in 1..sealed.len() - 1 {
            let mut damaged = sealed.clone().into_bytes();
            damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
            let damaged = serde_json::from_slice(&damaged).unwrap();
            assert!(ring.open("c", &damaged).is_err(), "character {place}");
        }
        for damaged in ["", ".", "1", "1.", "1.AAAA", "2.AAAA", "x.AAAA", "-1.AAAA", "1.!!!!"] {
            let damaged = serde_json::from_value(serde_json::json!(damaged)).unwrap();
            assert!(ring.open("c", &damaged).is_err(), "{damaged:?}");
        }
    }

    /// Or a text that is compared, counted or remembered could come back as another that opens.
    #[test]
    fn a_sealed_value_opens_as_one_text_alone() {
        let ring = ring(&[1]);
        for plain in ["", "t", "te", "tex", "text"] {
            let sealed = ring.seal("c", plain.as_bytes()).unwrap();
            let (number, rest) = sealed.as_str().split_once('.').unwrap();
            let (start, last) = rest.split_at(rest.len() - 1);
            let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
            let others = alphabet.filter(|&other| !last.starts_with(other)).map(|other| format!("1.{start}{other}"));
            let numbers = ["+1", "01", "00000001", " 1", "1 "].map(|other| format!("{other}.{rest}"));
            let padded =
                [format!("1.{rest}="), format!("1.{rest}=="), format!("1.{rest}\n"), format!(" {number}.{rest}")];
            for other in others.chain(numbers).chain(padded) {
                assert!(ring.open("c", &Sealed::from_text(&*other)).is_err(), "{other:?}");
            }
            assert_eq!(ring.open("c", &sealed).unwrap().as_slice(), plain.as_bytes());
        }
    }

    #[test]
    fn short_secrets_and_none_are_refused_without_being_shown() {
        assert_eq!(KeyRing::new([]).unwrap_err(), KeyRingError::Empty);
        let error = KeyRing::new([(1, secret(1)), (2, Secret::new("hunter2"))]).unwrap_err();
        assert_eq!(error, KeyRingError::TooShort { expected: 32, found: 7 });
        assert!(!format!("{error} {error:?} {:?}", ring(&[1])).contains("hunter2"));
        assert!(KeyRing::new([(1, Secret::new("x".repeat(31)))]).is_err());
        assert!(KeyRing::new([(1, secret(1))]).is_ok());
    }

    #[test]
    fn a_long_secret_that_is_soon_guessed_is_refused() {
        for guessable in [
            "a".repeat(32),
            "a".repeat(1_000),
            "ab".repeat(16),
            "0123456789abcdef0123456789abcdef".to_owned(),
            "0123456789abcdefghijklmnopqrstuvwxyz".to_owned(),
            "correct-horse!".repeat(3),
            "11111111112222222222333333333344".to_owned(),
        ] {
            let refused = KeyRing::new([(1, Secret::new(guessable.clone()))]).unwrap_err();
            assert_eq!(refused, KeyRingError::Guessable, "{guessable}");
            assert!(!refused.to_string().contains(&guessable));
        }
        // Random ones, as generators write them.
        let random = SeededRandom::new(7);
        for _ in 0..1_000 {
            let bytes: [u8; 16] = countersign_storage::random::bytes(&random);
            let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(KeyRing::judge(&Secret::new(hexadecimal.clone())), Ok(()), "{hexadecimal}");
            let generated = Secret::generate(&random);
            assert_eq!(KeyRing::judge(&generated), Ok(()), "{}", generated.expose());
        }
    }

    #[test]
    fn a_store_knows_the_secrets_that_it_was_made_with() {
        let ports = world().ports;
        block_on(async {
            assert_eq!(ring(&[1]).fits(&ports).await, Ok(KeyRingFit::Unknown));
            assert_eq!(ring(&[1]).leave_check(&ports).await, Ok(KeyRingFit::Fits));
            assert_eq!(ring(&[1]).fits(&ports).await, Ok(KeyRingFit::Fits));
            let other = KeyRing::new([(1, secret(9))]).unwrap();
            assert_eq!(other.fits(&ports).await, Ok(KeyRingFit::Foreign));
            assert_eq!(other.leave_check(&ports).await, Ok(KeyRingFit::Foreign), "and is not believed later");
            assert_eq!(ring(&[1]).fits(&ports).await, Ok(KeyRingFit::Fits));
            // A second secret comes, and later the first one goes.
            assert_eq!(ring(&[1, 2]).leave_check(&ports).await, Ok(KeyRingFit::Fits));
            assert_eq!(ring(&[2]).fits(&ports).await, Ok(KeyRingFit::Fits));
            assert_eq!(ring(&[1]).fits(&ports).await, Ok(KeyRingFit::Foreign));
        });
    }

    /// Old and new together, then the new one alone; and so again.
    #[test]
    fn a_secret_is_replaced_while_the_one_before_still_opens() {
        let ports = world().ports;
        block_on(async {
            let of = async |today, before: Option<u32>| {
                KeyRing::of_store(&ports, &secret(today), before.map(secret).as_ref()).await
            };
            let first = of(1, None).await.unwrap();
            first.leave_check(&ports).await.unwrap();
            let mut sealed = first.seal("c", b"text").unwrap();
            for (today, before) in [(2, 1), (3, 2)] {
                assert_eq!(of(today, None).await.unwrap_err(), Stopped::Refused(OtherSecrets));
                assert_eq!(of(today, Some(9)).await.unwrap_err(), Stopped::Refused(OtherSecrets));
                for _ in 0..2 {
                    let both = of(today, Some(before)).await.unwrap();
                    assert_eq!(both.open("c", &sealed).unwrap().as_slice(), b"text");
                    let anew = both.seal("c", b"text").unwrap();
                    assert!(anew.as_str().starts_with(&format!("{today}.")), "under the number of its own");
                    both.leave_check(&ports).await.unwrap();
                    assert!(of(before, None).await.is_err());
                    assert!(of(today, None).await.unwrap().open("c", &anew).is_ok());
                }
                let alone = of(today, None).await.unwrap();
                assert!(alone.open("c", &sealed).is_err(), "the one before is gone");
                sealed = alone.seal("c", b"text").unwrap();
            }
        });
    }

    #[test]
    fn a_key_for_one_purpose_opens_nothing_of_another() {
        let sealed = SealingKey::derive(&secret(1), "answers").seal("c", b"text").unwrap();
        assert_eq!(SealingKey::derive(&secret(1), "answers").open("c", &sealed).unwrap().as_slice(), b"text");
        assert!(SealingKey::derive(&secret(1), "questions").open("c", &sealed).is_err());
        assert!(SealingKey::derive(&secret(2), "answers").open("c", &sealed).is_err());
    }
}

/// [RFC 5321 §4.1.2], and what we accept of it.
///
/// [RFC 5321 §4.1.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2
mod email {
    use super::*;

    #[test]
    fn addresses_are_compared_in_lower_case() {
        let table = [
            ("alice@example.test", "alice@example.test"),
            ("  Alice@Example.TEST\t", "alice@example.test"),
            ("a.b+c@sub.example.test", "a.b+c@sub.example.test"),
            ("!#$%&'*+-/=?^_`{|}~@x", "!#$%&'*+-/=?^_`{|}~@x"),
            ("a@localhost", "a@localhost"),
        ];
        for (written, normal) in table {
            assert_eq!(EmailAddress::parse(written).map(|e| e.as_str().to_owned()).as_deref(), Ok(normal), "{written}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long_local = format!("{}@example.test", "a".repeat(65));
        let long_label = format!("a@{}.test", "b".repeat(64));
        let long = format!("a@{}.test", vec!["b".repeat(60); 5].join("."));
        let table = [
            "",
            "@",
            "alice",
            "alice@",
            "@example.test",
            "a b@example.test",
            "a@b c",
            "a@@b",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@-b",
            "a@b-",
            "a@b..c",
            "a@.b",
            "a@b.",
            "ålice@example.test",
            "а@example.test",
            "a@exämple.test",
            "a\0@b",
            "a@b\r\nBcc: c",
            "a@b\r\n",
            "\u{c}a@b",
            "a@b\u{a0}",
            "\"a\"@b",
            "a@[127.0.0.1]",
            "a@b_c",
            &long_local,
            &long_label,
            &long,
        ];
        for written in table {
            assert!(EmailAddress::parse(written).is_err(), "{written:?}");
        }
    }

    #[test]
    fn an_address_is_not_shown_by_debug_and_checked_when_read() {
        let address = EmailAddress::parse("alice@example.test").unwrap();
        assert!(!format!("{address:?}").contains("alice"));
        assert_eq!(serde_json::to_string(&address).unwrap(), r#""alice@example.test""#);
        assert_eq!(serde_json::from_str::<EmailAddress>(r#""ALICE@example.test""#).unwrap(), address);
        assert!(serde_json::from_str::<EmailAddress>(r#""not an address""#).is_err());
    }
}

mod secrets {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody_who_does_not_ask() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?} {:?}", secret.handle()).contains("hunter2"));
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(secret, Secret::new("hunter2"));
        assert_ne!(secret, Secret::new("hunter3"));
    }

    #[test]
    fn a_handle_is_the_sha256_of_its_secret() {
        // SHA-256 of "abc", FIPS 180-4, base64url.
        let handle = Handle::of("abc");
        assert_eq!(handle.as_str(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        assert!(handle.matches(&Secret::new("abc")) && !handle.matches(&Secret::new("abd")));
    }

    #[test]
    fn generated_secrets_have_256_bits_and_do_not_repeat() {
        let random = countersign_storage::SystemRandom::default();
        let mut secrets: Vec<String> = (0..100).map(|_| Secret::generate(&random).expose().to_owned()).collect();
        assert!(secrets.iter().all(|secret| secret.len() == 43));
        secrets.sort();
        secrets.dedup();
        assert_eq!(secrets.len(), 100);
    }

    #[test]
    fn a_subject_is_printable_ascii_of_at_most_255_characters() {
        assert!(Subject::new("x".repeat(255)).is_some());
        for refused in [String::new(), "x".repeat(256), "a b".to_owned(), "ü".to_owned(), "a\0".to_owned()] {
            assert!(Subject::new(refused.clone()).is_none(), "{refused:?}");
        }
    }
}

mod time {
    use super::*;

    #[test]
    fn moments_saturate_instead_of_wrapping() {
        let end = Timestamp(i64::MAX);
        assert_eq!(end + Duration::from_secs(5), end);
        assert_eq!(Timestamp(i64::MIN) - Duration::from_secs(u64::MAX), Timestamp(i64::MIN));
        assert_eq!(Timestamp(0).since(end), Duration::ZERO);
        assert_eq!(end.since(Timestamp(i64::MIN)), Duration::from_secs(i64::MAX.unsigned_abs()));
        assert_eq!(NOW.since(NOW - Duration::from_millis(1_999)), Duration::from_secs(1));
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(NOW);
        assert_eq!((clock.now(), clock.now()), (NOW, NOW));
        clock.advance(Duration::from_secs(3));
        assert_eq!(clock.now(), NOW + Duration::from_secs(3));
        clock.set(Timestamp(5));
        assert_eq!(clock.now(), Timestamp(5));
    }
}
