//! [`crate::Store::find`]: order, pages, and an index that follows its records.

use super::fixture::{Fixture, KIND, OTHER_KIND, at, bare, conflicts, replacing};
use super::verdict::Verdict;
use crate::batch::Change;
use crate::record::{Entry, Index};
use crate::store::{Cursor, Order, Page};

fn named(t: &Fixture, id: &str, indexes: Vec<Index>) -> Entry {
    Entry { indexes, ..t.entry(id, "{}") }
}

/// In the order of their bytes; most collations of natural languages order them otherwise.
const BYTE_ORDER: [&str; 16] = ["", " ", "!", "-", "10", "9", "A", "B", "Z", "_", "a", "a-b", "ab", "z", "é", "😀"];

pub(super) async fn find_lists_by_id_in_byte_order(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    // Inserted in another order than they are listed in.
    for place in [7, 0, 15, 3, 11, 1, 14, 8, 5, 2, 13, 4, 10, 6, 12, 9] {
        if let Some(id) = BYTE_ORDER.get(place) {
            t.insert(named(t, id, vec![by.clone()])).await?;
        }
    }
    t.lists(&by, &BYTE_ORDER).await
}

pub(super) async fn pages_join_to_the_whole(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    for id in BYTE_ORDER {
        t.insert(named(t, id, vec![by.clone()])).await?;
    }
    for limit in [1, 2, 3, 4, 5, 8, 15, 16, 17, 1_000] {
        for mut page in [Page::first(limit), Page::last(limit)] {
            let (order, mut joined) = (page.order, Vec::new());
            loop {
                let found = t.store.find(KIND, &by, page.clone()).await?;
                ensure!(u32::try_from(found.entries.len()).is_ok_and(|len| len <= limit), "a page of {limit} has more");
                ensure!(!found.entries.is_empty(), "an empty page of {limit} after {joined:?}");
                joined.extend(found.entries.iter().map(|entry| t.short(entry)));
                ensure!(joined.len() <= BYTE_ORDER.len(), "pages of {limit} repeat: {joined:?}");
                match found.next {
                    Some(cursor) => page.after = Some(cursor),
                    None => break,
                }
            }
            ensure!(joined == in_order(order, &BYTE_ORDER), "{order:?} pages of {limit} join to {joined:?}");
        }
    }
    Ok(())
}

fn in_order<'a>(order: Order, ids: &[&'a str]) -> Vec<&'a str> {
    match order {
        Order::Ascending => ids.to_vec(),
        Order::Descending => ids.iter().rev().copied().collect(),
    }
}

pub(super) async fn a_cursor_goes_on_in_the_order_of_its_page_and_leads_back_in_the_other(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    for id in ["a", "b", "c", "d", "e"] {
        t.insert(named(t, id, vec![by.clone()])).await?;
    }
    let rows: [(Page, &[&str], &[&str]); 2] =
        [(Page::first(2), &["c", "d", "e"], &["a"]), (Page::last(2), &["c", "b", "a"], &["e"])];
    for (page, onward, back) in rows {
        let after = t.store.find(KIND, &by, page.clone()).await?.next;
        ensure!(after.is_some(), "there is more after two of five");
        let turned = if page.order == Order::Ascending { Page::last(10) } else { Page::first(10) };
        for (page, expected) in [(Page { limit: 10, ..page }, onward), (turned, back)] {
            let found = t.store.find(KIND, &by, Page { after: after.clone(), ..page }).await?;
            let found: Vec<String> = found.entries.iter().map(|entry| t.short(entry)).collect();
            ensure!(found == expected, "{after:?} led to {found:?} instead of {expected:?}");
        }
    }
    Ok(())
}

pub(super) async fn a_cursor_may_be_any_text(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    for id in BYTE_ORDER {
        t.insert(named(t, id, vec![by.clone()])).await?;
    }
    for cursor in ["", "a", "a\0", "a\0b", "a\u{1}", "aa", "\u{10FFFF}"] {
        for page in [Page::first(1_000), Page::last(1_000)] {
            let order = page.order;
            let after = Some(Cursor(format!("{}/{cursor}", t.own)));
            let found = t.store.find(KIND, &by, Page { after, ..page }).await?;
            let found: Vec<String> = found.entries.iter().map(|entry| t.short(entry)).collect();
            let mut expected = in_order(order, &BYTE_ORDER);
            expected.retain(|id| if order == Order::Ascending { *id > cursor } else { *id < cursor });
            ensure!(found == expected, "{order:?} after {cursor:?}: {found:?} instead of {expected:?}");
        }
    }
    Ok(())
}

pub(super) async fn a_page_has_one_to_a_thousand_entries(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    let entry = |n: usize| Change::Insert(named(t, &format!("{n:04}"), vec![by.clone()]));
    t.commit(Vec::new(), (0..1_003).map(entry).collect()).await?;
    for (limit, expected) in [(0, 1), (1, 1), (999, 999), (1_000, 1_000), (u32::MAX, 1_000)] {
        let found = t.store.find(KIND, &by, Page::first(limit)).await?;
        ensure!(found.entries.len() == expected, "a limit of {limit} gave {}", found.entries.len());
        ensure!(found.next.is_some(), "a limit of {limit}: the rest is missing");
    }
    let none = t.store.find(KIND, &t.index("by", "nothing"), Page::first(10)).await?;
    ensure!(none.entries.is_empty() && none.next.is_none(), "an empty listing is not empty");
    Ok(())
}

pub(super) async fn paging_goes_on_after_its_place_was_deleted(t: &Fixture) -> Verdict {
    for (value, page, expected) in [("up", Page::first(2), ["d", "e"]), ("down", Page::last(2), ["b", "a"])] {
        let by = t.index("by", value);
        let name = |id: &str| format!("{value}/{id}");
        t.insert(named(t, &name("a"), vec![by.clone()])).await?;
        let version = t.insert(named(t, &name("c"), vec![by.clone()])).await?;
        t.insert(named(t, &name("e"), vec![by.clone()])).await?;
        let first = t.store.find(KIND, &by, page.clone()).await?;
        ensure!(first.next.is_some(), "there is more after two of three");
        t.change(Change::Delete { key: t.key(&name("c")), version }).await?;
        t.insert(named(t, &name("b"), vec![by.clone()])).await?;
        t.insert(named(t, &name("d"), vec![by.clone()])).await?;
        let rest = t.store.find(KIND, &by, Page { after: first.next, ..page }).await?;
        let rest: Vec<String> = rest.entries.iter().map(|entry| t.short(entry)).collect();
        ensure!(rest == expected.map(name), "expected what comes after the deleted one, found {rest:?}");
    }
    Ok(())
}

pub(super) async fn find_tells_kinds_names_and_values_apart(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    t.insert(named(t, "a", vec![by.clone()])).await?;
    let other_key = t.key_in(OTHER_KIND, "other");
    t.insert(Entry { indexes: vec![by.clone()], ..bare(other_key, "{}") }).await?;
    let others = [t.index("of", "x"), t.index("by", "X"), t.index("by", "x "), t.index("by", "xx"), t.index("by", "")];
    for (n, other) in others.iter().enumerate() {
        t.insert(named(t, &format!("other{n}"), vec![other.clone()])).await?;
    }
    t.lists(&by, &["a"]).await?;
    for (n, other) in others.iter().enumerate() {
        t.lists(other, &[&format!("other{n}")]).await?;
    }
    t.lists(&t.index("by", "%"), &[]).await
}

pub(super) async fn found_entries_are_whole(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    let entry = Entry { indexes: vec![by.clone()], expires_at: at(4_000_000_000), ..t.entry("a", r#"{"n":1}"#) };
    let version = t.insert(entry).await?;
    let found = t.find(&by).await?;
    let [found] = found.entries.as_slice() else { return Err(super::verdict::Violation::new("not found")) };
    ensure!(found.key == t.key("a") && found.version == version, "found {found:?}");
    ensure!(found.expires_at == at(4_000_000_000), "the expiry is missing");
    super::fixture::same(r#"{"n":1}"#, &found.body)
}

pub(super) async fn a_replace_moves_the_index_entries(t: &Fixture) -> Verdict {
    let (old, new, kept) = (t.index("by", "old"), t.index("by", "new"), t.index("of", "kept"));
    let first = t.insert(named(t, "a", vec![old.clone(), kept.clone()])).await?;
    t.insert(named(t, "b", vec![old.clone()])).await?;
    let second = t.change(replacing(first, named(t, "a", vec![kept.clone(), new.clone()]))).await?;
    t.lists(&old, &["b"]).await?;
    t.lists(&new, &["a"]).await?;
    t.lists(&kept, &["a"]).await?;
    let third = t.change(replacing(second, named(t, "a", vec![kept.clone(), new.clone()]))).await?;
    t.lists(&new, &["a"]).await?;
    let fourth = t.change(replacing(third, named(t, "a", Vec::new()))).await?;
    t.lists(&new, &[]).await?;
    t.lists(&kept, &[]).await?;
    t.change(replacing(fourth, named(t, "a", vec![old.clone()]))).await?;
    t.lists(&old, &["a", "b"]).await
}

pub(super) async fn a_delete_takes_its_index_entries_along(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    let version = t.insert(named(t, "a", vec![by.clone()])).await?;
    t.change(Change::Delete { key: t.key("a"), version }).await?;
    t.lists(&by, &[]).await?;
    // An index entry that was left behind would name the new record.
    let version = t.insert(named(t, "a", Vec::new())).await?;
    t.lists(&by, &[]).await?;
    t.change(Change::Delete { key: t.key("a"), version }).await?;
    t.insert(named(t, "a", vec![by.clone()])).await?;
    t.lists(&by, &["a"]).await
}

pub(super) async fn a_failed_batch_leaves_the_index_alone(t: &Fixture) -> Verdict {
    let (old, new) = (t.index("by", "old"), t.index("by", "new"));
    let version = t.insert(named(t, "a", vec![old.clone()])).await?;
    let changes = vec![
        replacing(version, named(t, "a", vec![new.clone()])),
        Change::Insert(named(t, "b", vec![new.clone()])),
        replacing(t.version(), named(t, "c", vec![new.clone()])),
    ];
    conflicts(t.commit(Vec::new(), changes).await, "a replace of nothing")?;
    t.lists(&old, &["a"]).await?;
    t.lists(&new, &[]).await
}

pub(super) async fn an_index_named_twice_counts_once(t: &Fixture) -> Verdict {
    let by = t.index("by", "x");
    let version = t.insert(named(t, "a", vec![by.clone(), by.clone()])).await?;
    t.lists(&by, &["a"]).await?;
    let version = t.change(replacing(version, named(t, "a", vec![by.clone(), by.clone(), by.clone()]))).await?;
    t.lists(&by, &["a"]).await?;
    t.change(replacing(version, named(t, "a", Vec::new()))).await?;
    t.lists(&by, &[]).await
}
