//! Passwords and sign-in: OWASP Authentication, NIST SP 800-63B §3.1.1, ASVS 5.0 §6.2, §6.3.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is the test's own report"
)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

use async_trait::async_trait;
use countersign_authn::*;
use countersign_storage::*;
use support::*;

fn chosen(password: &str) -> Result<Password, PasswordRefusal> {
    let alice = EmailAddress::parse("alice.liddell@wonder.test").unwrap();
    Password::chosen(&Secret::new(password), &alice, "Alice Pleasance Liddell")
}

/// What a sign-up says of a password.
fn judged(policy: AuthnPolicy, name: &str, password: &str) -> Option<PasswordRefusal> {
    let sign_up =
        SignUp { email: "alice.liddell@wonder.test".into(), name: name.into(), password: Secret::new(password) };
    match block_on(site_with(policy).authn.sign_up(sign_up, &Context::default())) {
        Ok(_) => None,
        Err(Stopped::Refused(SignUpRefusal::Password(refusal))) => Some(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

/// [NIST SP 800-63B §3.1.1.2]: a character is one Unicode scalar value of the normalised text.
#[test]
fn a_chosen_password_has_12_characters_to_1024_bytes() {
    let long = |length: usize| {
        let mut text = (0..).map(|n| format!("{n}x")).take(length).collect::<String>();
        text.truncate(length);
        text
    };
    let short = |found| Some(PasswordRefusal::TooShort { found });
    for (password, expected) in [
        ("vK9#tz!mQ4e".into(), short(11)),
        ("vK9#tz!mQ4e?".into(), None),
        ("ñandú güiña".into(), short(11)),
        ("ñandú güiñas".into(), None),
        // 15 bytes and more, and yet few.
        ("\u{1F600}\u{1F680}\u{1F40C}\u{1F511}".into(), short(4)),
        ("密码是七个字吗".into(), short(7)),
        (long(1_024), None),
        (long(1_025), Some(PasswordRefusal::TooLong)),
        (long(1 << 20), Some(PasswordRefusal::TooLong)),
        // 18 characters that NFKC makes four letters each of: 4 KiB come in, more than 1,024 bytes come out.
        ("\u{FDFA}".repeat(1_300), Some(PasswordRefusal::TooLong)),
        // Full-width letters count as the ASCII letters that they become, composed ones once.
        ("ｖＫ９ｔｚｍＱ４ｅｗ７".into(), short(11)),
        ("ｖＫ９ｔｚｍＱ４ｅｗ７ｘ".into(), None),
        ("e\u{301}e\u{300}kv9#Tz!m".into(), short(10)),
    ] {
        assert_eq!(chosen(&password).err(), expected, "{} bytes", password.len());
    }
    let told = chosen("密码是七个字吗").unwrap_err().to_string();
    assert!(told.contains("it has 7 characters") && told.contains("at least 12"), "{told}");
}

#[test]
fn a_password_that_is_guessed_early_is_refused_with_what_is_wrong_with_it() {
    for (password, weakness) in [
        ("password1234", Weakness::Popular),
        ("Password2024!", Weakness::Popular),
        ("P@ssw0rd1234", Weakness::Popular),
        ("iloveyouforever", Weakness::Popular),
        ("letmeinplease", Weakness::Popular),
        ("ｐａｓｓｗｏｒｄ１２３４", Weakness::Popular),
        ("1qaz2wsx3edc", Weakness::Popular),
        ("aaaaaaaaaaaa", Weakness::Repetition),
        ("abcabcabcabc", Weakness::Repetition),
        ("passwordpassword", Weakness::Repetition),
        ("Xk7Xk7Xk7Xk7", Weakness::Repetition),
        (
            "\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}\u{1F600}",
            Weakness::Repetition,
        ),
        ("bcdefghijklmnop", Weakness::Sequence),
        ("1999-12-31-1", Weakness::Date),
        ("qx13.05.1978", Weakness::Date),
        ("asdfghjkl;'\\", Weakness::Walk),
        ("zxcvbnm,./ZX", Weakness::Walk),
        ("administrator1", Weakness::Plain),
    ] {
        let refused = judged(AuthnPolicy::default(), "Alice", password);
        assert_eq!(refused, Some(PasswordRefusal::Guessable(weakness)), "{password}");
    }
}

/// Whichever reason is given: some have several.
#[test]
fn a_common_password_is_refused_however_it_is_dressed_up() {
    for common in [
        "sunshine123456789",
        "iloveyoudragon",
        "administrator",
        "123456789012",
        "1234567890123456789",
        "098765432109",
        "abcdefghijkl",
        "qwertyuiop12",
        "qwertyuiopasdf",
        "1q2w3e4r5t6y",
        "asdfghjklasdf",
        "trustno1trustno1",
        "hunter2hunter2",
        "football12345",
        "MyPassword2024",
        "welcome12345",
        "secretsecret1",
    ] {
        let refused = judged(AuthnPolicy::default(), "Alice", common);
        assert!(matches!(refused, Some(PasswordRefusal::Guessable(_))), "{common}: {refused:?}");
    }
}

#[test]
fn how_many_guesses_a_password_must_withstand_is_policy() {
    let with = |password_guesses| AuthnPolicy { password_guesses, ..AuthnPolicy::default() };
    assert_eq!(judged(with(0), "Alice", "password1234"), None);
    assert_eq!(judged(with(8), "Alice", "dragon sunshine monkey"), None);
    assert!(matches!(judged(with(15), "Alice", "dragon sunshine monkey"), Some(PasswordRefusal::Guessable(_))));
}

/// [NIST SP 800-63B §3.1.1.2]: the entire password is compared, not its parts.
#[test]
fn ones_own_address_or_name_as_a_whole_is_refused_as_a_password() {
    for personal in [
        "alice.liddell@wonder.test",
        "ALICE.LIDDELL@WONDER.TEST",
        "alice.liddell",
        "Alice Pleasance Liddell",
        "alice pleasance liddell",
        "ａｌｉｃｅ．ｌｉｄｄｅｌｌ",
    ] {
        assert_eq!(chosen(personal).err(), Some(PasswordRefusal::Personal), "{personal}");
    }
    for other in ["alice.liddel1", "alice pleasance liddell is my name", "not alice.liddell"] {
        assert_eq!(chosen(other).err(), None, "{other}");
    }
    let strasse = EmailAddress::parse("carl@wonder.test").unwrap();
    let refused = Password::chosen(&Secret::new("KARL AUS DER LANGEN STRASSE"), &strasse, "Karl aus der langen Straße");
    assert_eq!(refused.err(), Some(PasswordRefusal::Personal));
}

#[test]
fn a_password_that_holds_a_name_passes_where_it_is_hard_to_guess_without_it() {
    for (name, password) in [
        ("Human", "human strong password 123"),
        ("Sam", "samsung fridge magnet 9"),
        ("Rose", "prose and poetry evening"),
        ("Bo", "a bowl of rice at noon"),
        ("Violet", PASSWORD),
        ("Alice Liddell", "alice sat by the river bank"),
        ("Wonder", "a wonder test of nothing much"),
        ("May", "maybe 4 green bicycles"),
    ] {
        assert_eq!(judged(AuthnPolicy::default(), name, password), None, "{password} of {name}");
    }
    let refused = judged(AuthnPolicy::default(), "Alice", "alice.liddell2024");
    assert_eq!(refused, Some(PasswordRefusal::Guessable(Weakness::Personal)), "an address and a year");
}

/// A rule that refused these would teach people to write passwords down.
#[test]
fn a_password_that_is_neither_common_nor_personal_is_accepted() {
    for good in [
        PASSWORD,
        "dragon sunshine monkey football kettle",
        "my dog ate 7 green bicycles",
        "gX4-pPw2-93kq-Zz",
        "48209175338265",
        "пароль из шести слов",
        "quartz-lantern-Ottawa",
        "茶壶和自行车在海边等着我们回家",
    ] {
        assert_eq!(judged(AuthnPolicy::default(), "Alice", good), None, "{good}");
    }
}

/// The estimator is given the first 100 characters, so that its time is bounded.
#[test]
fn a_long_password_is_judged_by_its_first_100_characters() {
    let (good, repeated) = ("my dog ate 7 green bicycles", "ab".repeat(50));
    assert_eq!(judged(AuthnPolicy::default(), "Alice", &format!("{good}{}", "a".repeat(900))), None);
    let refused = judged(AuthnPolicy::default(), "Alice", &format!("{repeated}{good}"));
    assert_eq!(refused, Some(PasswordRefusal::Guessable(Weakness::Repetition)));
}

/// Whoever is told what is wrong is told so in the answer too.
#[test]
fn every_refusal_of_a_password_says_what_is_wrong_and_what_helps() {
    let rows = PasswordRefusal::rows();
    let texts: HashSet<&str> = rows.iter().map(|row| row.text).collect();
    assert_eq!(texts.len(), rows.len(), "two say the same");
    for row in &rows {
        assert!(row.text.starts_with("This password ") && row.text.ends_with('.'), "{row:?}");
        let guessed = Weakness::rows().contains(row) && row.name != "Personal";
        assert_eq!(row.code == "PASSWORD_TOO_COMMON", guessed, "{row:?}");
    }
    let code = |weakness| SignUpRefusal::from(PasswordRefusal::from(weakness)).code();
    assert_eq!((code(Weakness::Personal), code(Weakness::Walk)), ("PASSWORD_TOO_PERSONAL", "PASSWORD_TOO_COMMON"));
}

/// Each way to be refused, with its status and code: those that sign up must type something else (422), those that sign in
/// learn no more than that.
#[test]
fn every_refusal_has_its_status_and_its_code() {
    let told = |rows: Vec<&'static countersign_web::refusals::Row>| -> Vec<(&str, u16, &str)> {
        rows.iter().map(|row| (row.name, row.status.as_u16(), row.code)).collect()
    };
    assert_eq!(
        told(SignInRefusal::rows()),
        [
            ("Busy", 503, "SERVICE_UNAVAILABLE"),
            ("InvalidCredentials", 401, "INVALID_EMAIL_OR_PASSWORD"),
            ("NotSignedIn", 401, "UNAUTHORIZED"),
            ("PasswordTooLong", 400, "PASSWORD_TOO_LONG"),
            ("Throttled", 429, "TOO_MANY_REQUESTS"),
        ]
    );
    let mut of_passwords = told(PasswordRefusal::rows());
    assert!(of_passwords.iter().all(|(_, status, code)| *status == 422 && code.starts_with("PASSWORD_TOO_")));
    let mut of_sign_up = told(SignUpRefusal::rows());
    of_sign_up.retain(|row| !of_passwords.contains(row));
    assert_eq!(
        of_sign_up,
        [
            ("Busy", 503, "SERVICE_UNAVAILABLE"),
            ("EmailTaken", 422, "USER_ALREADY_EXISTS"),
            ("InvalidEmail", 422, "INVALID_EMAIL"),
            ("InvalidName", 422, "INVALID_NAME"),
            ("Throttled", 429, "TOO_MANY_REQUESTS"),
        ]
    );
    of_passwords.retain(|(name, ..)| ["Personal", "TooLong", "TooShort"].contains(name));
    assert_eq!(of_passwords.len(), 4, "one of them by the estimate");
}

/// Unicode Standard Annex 15: one rule where a password is set and where it is verified.
#[test]
fn a_password_with_a_composed_letter_matches_the_decomposed_form() {
    let site = site();
    site.sign_up(ALICE, "caf\u{e9} au lait, sans sucre").unwrap();
    assert!(site.sign_in(ALICE, "cafe\u{301} au lait, sans sucre").is_ok());
    assert_eq!(site.sign_in(ALICE, "cafe au lait, sans sucre").err(), Some(WRONG));
    assert_eq!(site.sign_in(ALICE, "caf\u{e9} au lait, sans sucre ").err(), Some(WRONG));
}

#[test]
fn every_way_to_be_refused_has_one_answer() {
    let site = site();
    let alice = site.alice();
    site.bob();
    let right_but_disabled = {
        site.disable(&alice.session.subject);
        site.sign_in(ALICE, PASSWORD).unwrap_err()
    };
    for refusal in [
        right_but_disabled,
        site.sign_in(BOB, PASSWORD).unwrap_err(),
        site.sign_in("nobody@x.test", PASSWORD).unwrap_err(),
        site.sign_in("no address", PASSWORD).unwrap_err(),
        site.sign_in(BOB, "").unwrap_err(),
    ] {
        assert_eq!(refusal, WRONG);
        let refusal = refused(refusal);
        assert_eq!((refusal.status().as_u16(), refusal.code()), (401, "INVALID_EMAIL_OR_PASSWORD"));
        assert_eq!(refusal.retry_after(), None);
    }
}

/// The hash is compared in both cases (see `password_hasher`'s own tests); here: the same reads and writes.
#[test]
fn an_unknown_address_costs_the_store_what_a_wrong_password_does() {
    let watched = Arc::new(Watched::default());
    let clock = Arc::new(ManualClock::at(START));
    let site = site_on(Arc::clone(&watched) as _, Arc::clone(&watched.store), clock, AuthnPolicy::default(), CHEAP);
    site.alice();
    let calls_of = |email: &str| {
        watched.calls.lock().unwrap().clear();
        assert_eq!(site.sign_in(email, "a wrong password").err(), Some(WRONG));
        watched.calls.lock().unwrap().clone()
    };
    let known = calls_of(ALICE);
    assert_eq!(known, calls_of("nobody@x.test"));
    assert!(known.len() >= 5, "{known:?}");
}

#[test]
fn twenty_wrong_passwords_in_a_minute_are_throttled_with_retry_after() {
    // In the worst case the minute straddles two of the fixed windows.
    for offset in [0, 30] {
        let site = site();
        site.alice();
        site.clock.set(START + seconds(offset));
        let mut answers = Vec::new();
        for _ in 0..21 {
            answers.push(refused(site.sign_in_from(ALICE, "a wrong password", &from("192.0.2.1")).unwrap_err()));
            site.clock.advance(seconds(2));
        }
        let wait = answers.iter().find_map(SignInRefusal::retry_after).expect("throttled");
        assert!((1..=60).contains(&wait.as_secs()));
        let throttled = answers.iter().find(|answer| **answer != SignInRefusal::InvalidCredentials).unwrap();
        assert_eq!((throttled.status().as_u16(), throttled.code()), (429, "TOO_MANY_REQUESTS"));
    }
}

#[test]
fn who_is_throttled_gets_in_again_after_the_time_that_was_named() {
    let site = site();
    site.alice();
    while site.sign_in(ALICE, "a wrong password").is_err_and(|error| error == WRONG) {}
    let Err(Stopped::Refused(SignInRefusal::Throttled { retry_after: wait })) = site.sign_in(ALICE, PASSWORD) else {
        panic!("not throttled")
    };
    site.clock.advance(wait - seconds(1));
    assert!(matches!(site.sign_in(ALICE, PASSWORD), Err(Stopped::Refused(SignInRefusal::Throttled { .. }))));
    site.clock.advance(seconds(1));
    assert!(site.sign_in(ALICE, PASSWORD).is_ok());
}

#[test]
fn the_limit_of_an_account_holds_against_a_thousand_addresses() {
    let site = site();
    site.alice();
    let guesses = (0..1_000).map(|n| from(&format!("10.0.{}.{}", n / 250, n % 250)));
    let compared = guesses.filter(|from| {
        site.clock.set(START + seconds(30));
        site.sign_in_from(ALICE, "a wrong password", from).err() == Some(WRONG)
    });
    assert_eq!(compared.count(), 5, "at once");
    let guesses = (0..590).map(|n| (START + seconds(30 + n / 10), from(&format!("10.1.{}.{}", n / 250, n % 250))));
    let compared = guesses.filter(|(at, from)| {
        site.clock.set(*at);
        site.sign_in_from(ALICE, "a wrong password", from).err() == Some(WRONG)
    });
    assert_eq!(compared.count(), 5 + 10, "in the rest of this minute and in the next");
}

#[test]
fn the_limit_of_an_address_holds_against_a_thousand_accounts() {
    let site = site();
    let sprayed = (0..1_000).map(|n| format!("person{n}@x.test"));
    let compared =
        sprayed.filter(|email| site.sign_in_from(email, "a wrong password", &from("192.0.2.1")).err() == Some(WRONG));
    assert_eq!(compared.count(), 60);
}

#[test]
fn an_address_without_an_account_is_throttled_like_one_with() {
    let site = site();
    let compared = (0..100).filter(|_| site.sign_in("nobody@x.test", "a wrong password").err() == Some(WRONG));
    assert_eq!(compared.count(), 5);
}

#[test]
fn an_address_over_its_limit_does_not_use_up_an_account_s() {
    let site = site();
    site.alice();
    for n in 0..100 {
        let _ = site.sign_in_from(&format!("person{n}@x.test"), "a wrong password", &from("192.0.2.1"));
    }
    for _ in 0..100 {
        let _ = site.sign_in_from(ALICE, "a wrong password", &from("192.0.2.1"));
    }
    assert!(site.sign_in_from(ALICE, PASSWORD, &from("192.0.2.2")).is_ok());
}

/// RFC 6177 §2
#[test]
fn one_ipv6_network_counts_as_one_address() {
    let site = site();
    let compared = |prefix: &str| {
        (0..100)
            .filter(|n| {
                let from = from(&format!("{prefix}::{n:x}"));
                site.sign_in_from(&format!("person{n}@x.test"), "a wrong password", &from).err() == Some(WRONG)
            })
            .count()
    };
    assert_eq!(compared("2001:db8:0:1"), 60);
    assert_eq!(compared("2001:db8:0:1:ffff"), 0);
    assert_eq!(compared("2001:db8:0:2"), 60);
}

#[test]
fn a_mebibyte_of_password_is_refused_before_anything_is_counted_or_stored() {
    let site = site();
    site.alice();
    let before = site.store.dump().len();
    for email in [ALICE, "nobody@x.test"] {
        let refusal = refused(site.sign_in_from(email, &"x".repeat(1 << 20), &from("192.0.2.1")).unwrap_err());
        assert_eq!((refusal.status().as_u16(), refusal.code()), (400, "PASSWORD_TOO_LONG"));
    }
    assert_eq!(site.store.dump().len(), before);
}

#[test]
fn an_outdated_hash_is_replaced_at_sign_in_and_the_password_stays() {
    let old = site();
    old.alice();
    let stored = |site: &Site| site.stored("password").first().unwrap().clone();
    assert!(stored(&old).body.contains("$argon2id$v=19$m=16,t=1,p=1$"));

    let today = Argon2idCost { memory_kib: 32, passes: 2, lanes: 1 };
    let new = site_on(
        Arc::clone(&old.store) as _,
        Arc::clone(&old.store),
        Arc::clone(&old.clock),
        AuthnPolicy::default(),
        today,
    );
    assert_eq!(new.sign_in(ALICE, "a wrong password").err(), Some(WRONG));
    assert!(stored(&new).body.contains("m=16,"), "a wrong password replaces nothing");
    new.sign_in(ALICE, PASSWORD).unwrap();
    let replaced = stored(&new);
    assert!(replaced.body.contains("$argon2id$v=19$m=32,t=2,p=1$"));
    new.sign_in(ALICE, PASSWORD).unwrap();
    assert_eq!(stored(&new), replaced, "today's hash is left alone");
}

/// Whoever can write a hash must not be able to stop everybody's sign-in with it.
#[test]
fn a_stored_hash_that_asks_for_absurd_work_is_a_fault_that_names_it_and_everybody_else_signs_in() {
    let site = site();
    site.alice();
    site.bob();
    let of_alice = block_on(site.accounts.by_email(&EmailAddress::parse(ALICE).unwrap())).unwrap().unwrap().subject;
    let mut entry = site.stored("password").into_iter().find(|entry| entry.key.id == of_alice.as_str()).unwrap();
    entry.body = entry.body.replace("t=1", "t=4294967295").into();
    let batch = Batch { version: Version::from_i64(7), guards: Vec::new(), changes: vec![Change::Replace(entry)] };
    block_on(site.store.commit(batch)).unwrap();
    for _ in 0..4 {
        let Stopped::Failed(fault) = site.sign_in(ALICE, PASSWORD).unwrap_err() else { panic!("no fault") };
        assert!(fault.to_string().contains("a stored password hash asks for more memory, passes or lanes"), "{fault}");
        assert_eq!(fault.status().as_u16(), 500);
    }
    assert!(site.sign_in(BOB, PASSWORD_OF_BOB).is_ok());
}

#[test]
fn a_cost_below_the_floor_is_refused_naming_the_knob() {
    let floor = Argon2idCost::FLOOR;
    for (cost, knob) in [
        (Argon2idCost { memory_kib: floor.memory_kib - 1, ..floor }, "memory_kib"),
        (Argon2idCost { passes: floor.passes - 1, ..floor }, "passes"),
        (Argon2idCost { lanes: floor.lanes - 1, ..floor }, "lanes"),
    ] {
        let refused = PasswordHasher::new(PasswordHasherConfig { cost, ..PasswordHasherConfig::default() });
        assert!(refused.unwrap_err().to_string().contains(knob));
    }
    assert!(PasswordHasher::new(PasswordHasherConfig::default()).is_ok());
    for cost in [
        Argon2idCost { memory_kib: 1_048_577, ..floor },
        Argon2idCost { passes: 1_001, ..floor },
        Argon2idCost { lanes: 65, ..floor },
    ] {
        let refused = PasswordHasher::new(PasswordHasherConfig { cost, ..PasswordHasherConfig::default() });
        assert!(matches!(refused, Err(HasherConfigError::TooCostly)), "it would not be verified: {cost:?}");
    }
}

#[test]
fn what_somebody_types_to_sign_up_is_judged() {
    let good = || SignUp { email: "Carol@X.test".into(), name: "Carol".into(), password: Secret::new(PASSWORD) };
    let site = site();
    site.alice();
    for (code, sign_up) in [
        ("INVALID_EMAIL", SignUp { email: "carol".into(), ..good() }),
        ("INVALID_NAME", SignUp { name: " ".into(), ..good() }),
        ("INVALID_NAME", SignUp { name: "x".repeat(201), ..good() }),
        ("INVALID_NAME", SignUp { name: "Ca\u{0}rol".into(), ..good() }),
        ("INVALID_NAME", SignUp { name: "Carol\r\n".into(), ..good() }),
        ("INVALID_EMAIL", SignUp { email: "carol@x.test\r\n".into(), ..good() }),
        ("PASSWORD_TOO_SHORT", SignUp { password: Secret::new("kettle 7"), ..good() }),
        ("PASSWORD_TOO_LONG", SignUp { password: Secret::new("x".repeat(1 << 20)), ..good() }),
        ("PASSWORD_TOO_COMMON", SignUp { password: Secret::new("password1234"), ..good() }),
        ("PASSWORD_TOO_PERSONAL", SignUp { password: Secret::new("carol@x.test"), ..good() }),
        ("USER_ALREADY_EXISTS", SignUp { email: ALICE.into(), ..good() }),
        ("USER_ALREADY_EXISTS", SignUp { email: " ALICE@x.Test".into(), ..good() }),
    ] {
        let before = site.store.dump().len();
        let refusal = refused(block_on(site.authn.sign_up(sign_up, &Context::default())).unwrap_err());
        assert_eq!((refusal.status().as_u16(), refusal.code()), (422, code));
        assert_eq!(site.store.dump().len(), before, "{code} stored something");
    }
    let carol = block_on(site.authn.sign_up(good(), &Context::default())).unwrap();
    assert_eq!(carol.session.amr, ["pwd"]);
    let account = block_on(site.accounts.by_subject(&carol.session.subject)).unwrap().unwrap();
    assert_eq!((account.email.as_str(), account.name.as_str()), ("carol@x.test", "Carol"));
}

#[test]
fn sign_ups_from_one_address_are_throttled() {
    let site = site();
    let sign_up = |n: u32| {
        let sign_up = SignUp { email: format!("p{n}@x.test"), name: "P".into(), password: Secret::new(PASSWORD) };
        block_on(site.authn.sign_up(sign_up, &from("192.0.2.1")))
    };
    assert!((0..30).all(|n| sign_up(n).is_ok()));
    let throttled = refused(sign_up(30).unwrap_err());
    assert_eq!(throttled.status().as_u16(), 429);
    assert!(throttled.retry_after().is_some());
}

#[test]
fn of_64_sign_ups_at_once_for_one_address_one_creates_an_account() {
    let site = site();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..64).map(|_| scope.spawn(|| site.sign_up(ALICE, PASSWORD))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    let winners: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    for loser in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(*loser, Stopped::Refused(SignUpRefusal::EmailTaken));
    }
    for (kind, count) in [("account", 1), ("account_address", 1), ("password", 1), ("session", 1)] {
        assert_eq!(site.stored(kind).len(), count, "{kind}");
    }
    assert_eq!(site.events_of("account.create").len(), 1);
    assert_eq!(site.sign_in(ALICE, PASSWORD).unwrap().session.subject, winners[0].session.subject);
}

/// The password is stored before the account, so that whoever has an account can sign in.
#[test]
fn a_crash_at_any_commit_of_a_sign_up_leaves_no_account_without_a_password() {
    let mut seen = HashSet::new();
    for survived in 0..4 {
        let watched = Arc::new(Crashing { store: Arc::default(), left: survived.into() });
        let clock = Arc::new(ManualClock::at(START));
        let site = site_on(Arc::clone(&watched) as _, Arc::clone(&watched.store), clock, AuthnPolicy::default(), CHEAP);
        let outcome = site.sign_up(ALICE, PASSWORD);
        watched.left.store(1_000, SeqCst);
        let (accounts, passwords) = (site.stored("account").len(), site.stored("password").len());
        assert!(accounts <= passwords, "after {survived} commits");
        seen.insert((outcome.is_ok(), accounts, passwords));
        // Whichever it was, the person gets on: by signing in, or by signing up again.
        match accounts {
            0 => drop(site.sign_up(ALICE, PASSWORD).unwrap()),
            _ => drop(site.sign_in(ALICE, PASSWORD).unwrap()),
        }
    }
    assert_eq!(seen, HashSet::from([(false, 0, 0), (false, 0, 1), (false, 1, 1), (true, 1, 1)]));
}

#[test]
fn a_refused_sign_in_is_reported_without_what_was_typed() {
    let site = site();
    let alice = site.alice();
    let _ = site.sign_in_from(ALICE, "a wrong password", &from("192.0.2.1"));
    let _ = site.sign_in_from("typed-by-mistake@x.test", "a wrong password", &from("192.0.2.1"));
    site.disable(&alice.session.subject);
    let _ = site.sign_in_from(ALICE, PASSWORD, &from("192.0.2.1"));

    let mut denied = site.events_of("session.start");
    denied.retain(|event| event.outcome != Outcome::Allowed);
    let known = Some(&alice.session.subject);
    let of = |reason: &str, subject| {
        denied.iter().any(|event| {
            event.outcome == Outcome::Denied { reason: reason.into() }
                && event.subject.as_ref() == subject
                && event.actor == Actor::Anonymous
                && event.detail.get("address").map(String::as_str) == Some("192.0.2.1")
        })
    };
    assert_eq!(denied.len(), 3);
    assert!(of("invalid_credentials", known) && of("invalid_credentials", None) && of("account_disabled", known));
    for entry in site.stored("audit") {
        for canary in ["typed-by-mistake", "wrong password", "alice", PASSWORD] {
            assert!(!entry.body.contains(canary), "{}", entry.body);
        }
    }
}

/// Nobody guesses passwords without a trace: a refusal that cannot be written down is no answer, whether the account exists
/// or not.
#[test]
fn a_refusal_that_cannot_be_reported_is_a_fault() {
    let watched = Arc::new(Crashing { store: Arc::default(), left: 1_000.into() });
    let clock = Arc::new(ManualClock::at(START));
    let site = site_on(Arc::clone(&watched) as _, Arc::clone(&watched.store), clock, AuthnPolicy::default(), CHEAP);
    site.alice();
    for email in [ALICE, "nobody@x.test"] {
        assert_eq!(site.sign_in(email, "a wrong password").err(), Some(WRONG), "the control");
        // The attempt is counted, and then the store is away.
        watched.left.store(1, SeqCst);
        let outcome = site.sign_in(email, "a wrong password").err();
        assert!(matches!(&outcome, Some(Stopped::Failed(fault)) if fault.is_transient()), "{email}: {outcome:?}");
        watched.left.store(1_000, SeqCst);
    }
}

#[test]
fn nothing_that_was_typed_is_shown_by_debug() {
    let site = site();
    let sign_up = SignUp { email: ALICE.into(), name: "A".into(), password: Secret::new(PASSWORD) };
    let sign_in = SignIn { email: ALICE.into(), password: Secret::new(PASSWORD) };
    let alice = site.alice();
    let set_cookie = site.authn.set_cookie(&alice);
    let password = Password::presented(&Secret::new(PASSWORD)).unwrap();
    let shown = format!("{sign_up:?} {sign_in:?} {alice:?} {set_cookie:?} {password:?} {:?}", site.authn);
    assert!(!shown.contains(PASSWORD) && !shown.contains(alice.cookie.expose()), "{shown}");
}

/// A store whose process dies after so many commits.
struct Crashing {
    store: Arc<MemoryStore>,
    left: AtomicU32,
}

#[async_trait]
impl Store for Crashing {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, StoreError> {
        self.store.load(keys).await
    }

    async fn find(&self, kind: Kind, index: &Index, page: Page) -> Result<Entries, StoreError> {
        self.store.find(kind, index, page).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(StoreError::Unavailable("crashed".into()));
        }
        self.store.commit(batch).await
    }

    async fn purge(&self, expired_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.store.purge(expired_before, limit).await
    }
}
