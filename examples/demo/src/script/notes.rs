//! Notes signs the person in through AuthCo, and loses its access again.

use super::page::Page;
use super::told::{Surprise, Told};
use super::world::World;

const NOTE: &str = "Buy <milk> & bread";

pub(crate) async fn sign_in(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, .. } = world;
    let notes = setup.notes_origin();

    journal.step("Notes knows nobody. It sends the browser to AuthCo, where the person is asked for consent.");
    browser.open(journal, &notes, None).await?.at(200, "/")?.saying("Sign in with AuthCo")?;
    let consent =
        browser.open(journal, &format!("{notes}/sign-in"), None).await?.at(200, "/consent")?.saying("Notes")?;

    journal.step("The consent page lists exactly what Notes asked for.");
    let (mut asked, mut shown): (Vec<&str>, Vec<String>) =
        (countersign_notes::sign_in::SCOPE.split(' ').collect(), scopes_shown(&consent));
    asked.sort_unstable();
    shown.sort_unstable();
    journal.seen(&format!("asked: {}", asked.join(" ")));
    journal.seen(&format!("shown: {}", shown.join(" ")));
    if asked != shown {
        return Err(Surprise("the page shows something else".to_owned()));
    }

    journal.step("The person approves and lands in Notes, signed in; AuthCo's password stayed at AuthCo.");
    let form = consent.form("/consent")?;
    let page = browser.submit(journal, &consent, form, Some("approve"), None).await?;
    let page = page.at(200, "/")?.saying("Signed in as Ada Example")?.saying("No notes yet")?;

    journal.step("Notes writes and reads at the resource server with the access token it was given.");
    let form = page.form("/notes")?.with("text", NOTE);
    browser.submit(journal, &page, form, None, None).await?.at(200, "/")?.saying(NOTE)?;

    journal.step("The dashboard shows Notes among the connected apps.");
    let page = browser.open(journal, &format!("{}/dashboard", setup.origin()), None).await?.at(200, "/dashboard")?;
    page.form("/dashboard/apps/revoke")?;
    Ok(())
}

pub(crate) async fn disconnect(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, .. } = world;
    journal.step("The person disconnects every app on the dashboard.");
    let dashboard = format!("{}/dashboard", setup.origin());
    let mut page = browser.open(journal, &dashboard, None).await?.at(200, "/dashboard")?;
    while let Ok(form) = page.form("/dashboard/apps/revoke") {
        page = browser.submit(journal, &page, form, None, None).await?.at(200, "/dashboard")?;
    }

    journal.step("Notes asks again, and so does AuthCo: what was taken back is not remembered as given.");
    let sign_out = browser.open(journal, &setup.notes_origin(), None).await?;
    let form = sign_out.form("/sign-out")?;
    browser.submit(journal, &sign_out, form, None, None).await?.at(200, "/")?;
    let consent =
        browser.open(journal, &format!("{}/sign-in", setup.notes_origin()), None).await?.at(200, "/consent")?;

    journal.step("This time the person denies, and Notes signs nobody in.");
    let form = consent.form("/consent")?;
    browser.submit(journal, &consent, form, Some("deny"), None).await?.at(403, "/callback")?.saying("access_denied")?;
    Ok(())
}

/// The scopes that a consent page names.
fn scopes_shown(page: &Page) -> Vec<String> {
    let pieces = page.body.split("<code>").skip(1);
    pieces.filter_map(|piece| piece.split_once("</code>")).map(|(scope, _)| scope.to_owned()).collect()
}
