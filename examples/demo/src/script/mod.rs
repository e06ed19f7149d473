//! `--script`: the whole arc, unattended, over plain HTTP. Every step says what must happen; the first that does not ends
//! the script with an error.

mod agents;
mod browser;
mod client;
mod html;
mod journal;
mod notes;
mod outage;
mod page;
mod people;
mod refusals;
mod told;
mod world;

use std::fs;

use countersign_storage::{SystemRandom, secret};

use self::told::{Surprise, Told};
use self::world::World;
use crate::options::Server;
use crate::setup;

pub(crate) async fn run(server: Server, database: Option<String>) -> Result<(), String> {
    let folder = std::env::temp_dir().join(secret::identifier("countersign-demo", &SystemRandom::default()));
    setup::private_folder(&folder)?;
    let mut world = World::start(server, database, &folder).await?;
    let played = arc(&mut world).await;
    let steps = world.journal.steps();
    drop(world);
    match played {
        Ok(()) => {
            println!("\nAll {steps} steps went as they must.");
            fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))
        }
        Err(Surprise(reason)) => {
            Err(format!("step {steps} is a surprise: {reason}\nThe servers' logs are in {}", folder.display()))
        }
    }
}

async fn arc(world: &mut World) -> Told<()> {
    world.journal.chapter("A person");
    people::arrive(world).await?;
    world.journal.chapter("Notes");
    notes::sign_in(world).await?;
    world.journal.chapter("Tokens, and what is refused");
    refusals::all(world).await?;
    world.journal.chapter("An agent");
    agents::live(world).await?;
    world.journal.chapter("Leaving");
    notes::disconnect(world).await?;
    people::leave(world).await?;
    world.journal.chapter("AuthCo stops");
    outage::endure(world).await
}
