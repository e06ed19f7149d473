//! How long a fetched key set is used without asking: [RFC 9111](https://www.rfc-editor.org/rfc/rfc9111), within our own bounds.

use countersign_jose::remote::Fetched;

use crate::published::*;

const DATE: &str = "Fri, 15 Jan 2027 08:00:00 GMT"; // NOW
const TWO_MINUTES_LATER: &str = "Fri, 15 Jan 2027 08:02:00 GMT";
const YESTERDAY: &str = "Thu, 14 Jan 2027 08:00:00 GMT";

/// [RFC 9111 §4.2.1](https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1), §5.1, §5.2.2 and §5.3.
#[tokio::test]
async fn freshness_is_what_the_answer_says_within_bounds() {
    let rows: &[(&[(&str, &str)], i64)] = &[
        (&[], 300),
        (&[("cache-control", "public, max-age=120")], 120),
        (&[("Cache-Control", "Max-Age=\"120\"")], 120),
        (&[("cache-control", "public"), ("cache-control", "max-age=120")], 120),
        // Bounds.
        (&[("cache-control", "max-age=5")], 60),
        (&[("cache-control", "max-age=0")], 60),
        (&[("cache-control", "max-age=31536000")], 3600),
        (&[("cache-control", "max-age=99999999999999999999999")], 3600),
        // What must not be kept, or must be asked about each time.
        (&[("cache-control", "no-store")], 60),
        (&[("cache-control", "max-age=900, no-cache")], 60),
        (&[("cache-control", "no-cache=\"set-cookie\", max-age=900")], 60),
        // Directives that say nothing to a private cache.
        (&[("cache-control", "s-maxage=900")], 300),
        (&[("cache-control", "private=\"a, max-age=900\"")], 300),
        (&[("cache-control", "xmax-age=900, max-agex=900, max-age =120")], 120),
        // Unreadable is stale; of two, the first counts.
        (&[("cache-control", "max-age=-1")], 60),
        (&[("cache-control", "max-age=1e3")], 60),
        (&[("cache-control", "max-age")], 60),
        (&[("cache-control", "max-age=120, max-age=900")], 120),
        // Time spent in other caches.
        (&[("cache-control", "max-age=900"), ("age", "780")], 120),
        (&[("cache-control", "max-age=900"), ("age", "9999999999999999999999")], 60),
        (&[("cache-control", "max-age=120"), ("age", "soon")], 120),
        (&[("cache-control", "max-age=120"), ("age", "-60")], 120),
        // Expires, where there is no max-age.
        (&[("expires", TWO_MINUTES_LATER), ("date", DATE)], 120),
        (&[("expires", TWO_MINUTES_LATER)], 120),
        (&[("expires", TWO_MINUTES_LATER), ("date", DATE), ("age", "30")], 90),
        (&[("expires", TWO_MINUTES_LATER), ("cache-control", "max-age=240")], 240),
        (&[("expires", YESTERDAY)], 60),
        (&[("expires", DATE), ("date", YESTERDAY)], 3600),
        (&[("expires", "0")], 60),
        (&[("expires", "never")], 60),
    ];
    for (headers, fresh) in rows {
        let fixture = fixture();
        fixture.published.document(JWKS, &document_of(&[&ES256]), headers);
        assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
        assert_eq!(fixture.fresh(&ES256, NOW + fresh - 1).await, Ok(()));
        assert_eq!(fixture.published.times_asked(JWKS), 1, "{headers:?}");
        assert_eq!(fixture.fresh(&ES256, NOW + fresh).await, Ok(()));
        assert_eq!(fixture.published.times_asked(JWKS), 2, "{headers:?}");
    }
}

/// [RFC 9111 §4.3](https://www.rfc-editor.org/rfc/rfc9111#section-4.3): a stale set is asked about with its tag, and 304 renews it.
#[tokio::test]
async fn a_set_that_did_not_change_is_not_sent_again() {
    let fixture = fixture();
    let headers = [("etag", "\"v1\""), ("cache-control", "max-age=60")];
    fixture.published.document(JWKS, &document_of(&[&ES256]), &headers);
    assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
    assert_eq!(fixture.published.last_tag(), None);

    fixture.published.answer(JWKS, Ok(Fetched::new(304, "").with_header("cache-control", "max-age=600")));
    assert_eq!(fixture.fresh(&ES256, NOW + 60).await, Ok(()));
    assert_eq!(fixture.published.last_tag().as_deref(), Some("\"v1\""));
    assert_eq!(fixture.fresh(&ES256, NOW + 659).await, Ok(()));
    assert_eq!(fixture.published.times_asked(JWKS), 2);

    fixture.published.document(JWKS, &document_of(&[&EDDSA]), &[("etag", "W/\"v2\"")]);
    assert_eq!(fixture.fresh(&ES256, NOW + 660).await.unwrap_err().code(), "unknown_key");
    assert_eq!(fixture.published.last_tag().as_deref(), Some("\"v1\""));
    assert_eq!(fixture.fresh(&EDDSA, NOW + 660 + 300).await, Ok(()));
    assert_eq!(fixture.published.last_tag().as_deref(), Some("W/\"v2\""));
}

/// What is no entity tag, or too long to be sent back, is not kept; 304 without a tag of ours is no answer.
#[tokio::test]
async fn only_an_entity_tag_is_sent_back() {
    let long = format!("\"{}\"", "x".repeat(255));
    for tag in ["v1", "\"v1", "\"v\r\nx: y\"", "\"a b\"", "\"a\"b\"", "w/\"v1\"", "", long.as_str()] {
        let fixture = fixture();
        fixture.published.document(JWKS, &document_of(&[&ES256]), &[("etag", tag)]);
        assert_eq!(fixture.fresh(&ES256, NOW).await, Ok(()));
        fixture.published.status(JWKS, 304);
        assert_eq!(fixture.fresh(&ES256, NOW + 300).await, Ok(()), "stale, as 304 was not asked for");
        assert_eq!(fixture.published.last_tag(), None, "{tag:?}");
        assert_eq!(fixture.fresh(&es256(), NOW + 300).await.unwrap_err().code(), "keys_status");
    }
}
