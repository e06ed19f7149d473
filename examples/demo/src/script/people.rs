//! A person signs up, in and out.

use super::told::{Surprise, Told};
use super::world::World;

const NAME: &str = "Ada Example";
const PASSWORD: &str = "a long walk by the quiet river";

pub(crate) async fn arrive(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, email, .. } = world;
    let origin = setup.origin();

    journal.step("Nobody is signed in: the dashboard leads to the sign-in page.");
    browser.open(journal, &format!("{origin}/dashboard"), None).await?.at(200, "/sign-in")?;

    journal.step("A person signs up and sees their dashboard.");
    let page = browser.open(journal, &format!("{origin}/sign-up"), None).await?.at(200, "/sign-up")?;
    let form = page.form("/sign-up")?.with("name", NAME).with("email", email).with("password", PASSWORD);
    let page = browser.submit(journal, &page, form, None, None).await?.at(200, "/dashboard")?.saying(NAME)?;

    journal.step("They sign out, and the cookie that they had opens nothing any more.");
    let kept = browser.cookie_header("localhost").ok_or_else(|| Surprise("no session cookie was set".to_owned()))?;
    let form = page.form("/sign-out")?;
    browser.submit(journal, &page, form, None, None).await?;
    browser.restore_cookies("localhost", &kept);
    browser.open(journal, &format!("{origin}/dashboard"), None).await?.at(200, "/sign-in")?;

    journal.step("A wrong password is refused.");
    let page = browser.open(journal, &format!("{origin}/sign-in"), None).await?.at(200, "/sign-in")?;
    let form = page.form("/sign-in")?.with("email", email).with("password", "another long walk by the river");
    browser.submit(journal, &page, form, None, None).await?.at(401, "/sign-in")?;

    journal.step("The right password opens the dashboard.");
    sign_in(world).await
}

/// Signs in at AuthCo.
pub(crate) async fn sign_in(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, email, .. } = world;
    let page = browser.open(journal, &format!("{}/sign-in", setup.origin()), None).await?.at(200, "/sign-in")?;
    let form = page.form("/sign-in")?.with("email", email).with("password", PASSWORD);
    browser.submit(journal, &page, form, None, None).await?.at(200, "/dashboard")?.saying(NAME)?;
    Ok(())
}

pub(crate) async fn leave(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, .. } = world;
    journal.step("The person signs out.");
    let page = browser.open(journal, &format!("{}/dashboard", setup.origin()), None).await?.at(200, "/dashboard")?;
    let form = page.form("/sign-out")?;
    browser.submit(journal, &page, form, None, None).await?;
    browser.open(journal, &format!("{}/dashboard", setup.origin()), None).await?.at(200, "/sign-in")?;
    Ok(())
}
