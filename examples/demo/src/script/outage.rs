//! The resource server without its issuer.

use super::client::{call, text};
use super::told::{Surprise, Told, expect};
use super::world::World;

pub(crate) async fn endure(world: &mut World) -> Told<()> {
    let World { setup, journal, browser, robot, .. } = world;
    let notes = format!("{}/notes", setup.resource_identifier());

    journal.step("A program gets a token, and AuthCo is killed.");
    let request = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    let answer = robot.post(browser, journal, "/oauth2/token", &request).await?;
    expect(&answer, 200, None)?;
    let access = text(&answer, "access_token")?;
    world.kill_authco().await?;
    let World { setup, journal, browser, .. } = world;
    if browser.open(journal, &setup.origin(), None).await.is_ok() {
        return Err(Surprise("AuthCo still answers".to_owned()));
    }
    journal.received("no answer");

    journal.step("The resource server goes on: it keeps the keys that it has fetched.");
    expect(&call(browser, journal, &notes, &access, None).await?, 200, None)?;

    journal.step("One that has fetched none knows nothing about the token, and says so with a 503.");
    let cold = format!("{}/notes", world.cold_resource_server().await?);
    let World { journal, browser, .. } = world;
    expect(&call(browser, journal, &cold, &access, None).await?, 503, None)
}
