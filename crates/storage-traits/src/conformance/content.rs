//! What may stand in ids, index values and bodies.

use super::fixture::{Fixture, KIND, bare, guard, same};
use super::verdict::{Verdict, Violation};
use crate::batch::Change;
use crate::record::{Entry, Index, Key};
use crate::store::{Page, StoreError};

fn odd() -> Vec<String> {
    let mut odd: Vec<String> = [
        "'",
        "''",
        "\"",
        "\\",
        "\\\\",
        "\\0",
        "\\'",
        "`",
        "%",
        "_",
        "*",
        "?",
        ":",
        ";--",
        "/* */",
        "$1",
        "$$",
        "{",
        "{}",
        "{\"a\":1}",
        "[1,2]",
        "NULL",
        "null",
        ",",
        "\n",
        "\r\n",
        "\t",
        "\u{1}",
        "\u{7f}",
        "\u{80}",
        "\u{feff}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{202e}abc",
        "ünïcödé",
        "日本語",
        "👩‍👩‍👧",
        "𝕏",
        "\u{10ffff}",
        "a\u{301}",
        "=",
        "a=b&c=d",
        "http://x/y?z#w",
    ]
    .map(str::to_owned)
    .into();
    odd.push("x".repeat(480));
    odd.push("é".repeat(240));
    odd
}

pub(super) async fn ids_and_values_are_kept_to_the_byte(t: &Fixture) -> Verdict {
    for text in odd() {
        let by = t.index("by", &text);
        let entry = Entry { indexes: vec![by.clone()], ..t.entry(&text, "{}") };
        let version = t.insert(entry).await?;
        t.holds(&t.key(&text), version, "{}").await?;
        t.lists(&by, &[&text]).await?;
        t.change(Change::Delete { key: t.key(&text), version }).await?;
        t.lacks(&t.key(&text)).await?;
        t.lists(&by, &[]).await?;
    }
    Ok(())
}

pub(super) async fn ids_that_look_alike_are_apart(t: &Fixture) -> Verdict {
    let alike =
        ["a", "A", "a ", " a", "á", "a\u{301}", "ａ", "а", "ß", "ss", "SS", "ﬁ", "fi", "a\u{200b}", "1", "01", "1.0"];
    let mut versions = Vec::new();
    for (n, id) in alike.iter().enumerate() {
        versions.push(t.insert(t.entry(id, &format!("{{\"n\":{n}}}"))).await?);
    }
    for (n, (id, version)) in alike.iter().zip(versions).enumerate() {
        t.holds(&t.key(id), version, &format!("{{\"n\":{n}}}")).await?;
    }
    Ok(())
}

/// No database can be relied on to keep this character. What must not happen is that it is cut off there, and the name
/// then means another record.
pub(super) async fn an_id_with_a_nul_is_kept_or_refused(t: &Fixture) -> Verdict {
    let (cut, whole) = (t.key("a"), t.key("a\0b"));
    let by = t.index("by", "x\0y");
    let version = t.insert(Entry { indexes: vec![t.index("by", "x")], ..t.entry("a", "{}") }).await?;
    t.lacks(&whole).await?;
    t.lists(&by, &[]).await?;
    t.commit(vec![guard(&whole, None)], vec![Change::Insert(t.entry("other", "{}"))]).await?;
    for entry in [bare(whole.clone(), r#"{"n":2}"#), Entry { indexes: vec![by.clone()], ..t.entry("c", r#"{"n":2}"#) }]
    {
        let key = entry.key.clone();
        match t.insert(entry).await {
            Ok(version) => t.holds(&key, version, r#"{"n":2}"#).await?,
            Err(StoreError::Unavailable(_)) => t.lacks(&key).await?,
            Err(other) => return Err(other.into()),
        }
    }
    t.lists(&t.index("by", "x"), &["a"]).await?;
    t.holds(&cut, version, "{}").await
}

/// Names come from requests: however strange, asking for one is no fault of the store.
pub(super) async fn a_name_that_was_never_stored_is_absent_and_no_error(t: &Fixture) -> Verdict {
    for id in [String::new(), "\0".to_owned(), "x".repeat(513), "x".repeat(100_000), "\u{1}\u{ffff}".to_owned()] {
        let key = Key { kind: KIND, id: id.clone() };
        let found = t.store.load(&[key.clone(), t.key("also absent")]).await?;
        ensure!(found.len() == 2 && found.iter().all(Option::is_none), "an id of {} bytes was found", id.len());
        let listed = t.store.find(KIND, &Index::new("by", id.clone()), Page::first(10)).await?;
        ensure!(listed.entries.is_empty(), "a value of {} bytes was found", id.len());
        let write = vec![Change::Insert(t.entry(&format!("beside{}", id.len()), "{}"))];
        t.commit(vec![guard(&key, None)], write).await?;
        let stale = vec![guard(&key, Some(t.version()))];
        let beside = vec![Change::Insert(t.entry("never", "{}"))];
        super::fixture::conflicts(t.commit(stale, beside).await, "a guard on a version of what never was")?;
    }
    Ok(())
}

pub(super) async fn bodies_keep_their_meaning(t: &Fixture) -> Verdict {
    let bodies = [
        r#"{}"#,
        r#"{"z":1,"a":{"y":[1,2,{"x":null}],"b":[]},"":""}"#,
        r#"{"text":"quote \" backslash \\ slash \/ control \u0001 nul \u0000 tab \t emoji 😀 pair \ud83d\ude00 \u2028"}"#,
        r#"{"big":9007199254740993,"bigger":18446744073709551615,"least":-9223372036854775808,"half":0.5,"tiny":1e-7}"#,
        r#"{"yes":true,"no":false,"nothing":null,"spaces":"  a  "}"#,
        "{\n  \"line\": \"breaks\"\n}",
        r#"{"sql":"'); DROP TABLE record; --","percent":"%s $1 ?1 :a"}"#,
    ];
    for (n, body) in bodies.iter().enumerate() {
        let id = n.to_string();
        let version = t.insert(t.entry(&id, body)).await?;
        t.holds(&t.key(&id), version, body).await?;
    }
    Ok(())
}

pub(super) async fn bodies_may_be_large(t: &Fixture) -> Verdict {
    for size in [1_000, 8_000, 64 * 1_024, 300_000] {
        let id = size.to_string();
        // Not of one letter only, so that no compression hides a limit.
        let text: String = (0..size).map(|n: usize| char::from(b'a' + u8::try_from(n * n % 23).unwrap_or(0))).collect();
        let body = format!("{{\"text\":\"{text}\"}}");
        t.insert(t.entry(&id, &body)).await?;
        let found = t.load(&t.key(&id)).await?.ok_or_else(|| Violation::new("a large body is not there"))?;
        same(&body, &found.body)?;
    }
    Ok(())
}
