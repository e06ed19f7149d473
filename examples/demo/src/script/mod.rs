//! `--script`: the whole arc, unattended, over plain HTTP. Every step says what must happen; the first that does not ends
//! the script with an error.

mod agents;
mod browser;
mod client;
mod html;
mod journal;
mod notes;
mod outage;
mod people;
mod refusals;

use std::fs;
use std::path::Path;

use countersign_storage::{SystemRandom, secret};
use serde_json::Value;

use self::browser::Browser;
use self::client::Client;
use self::journal::Journal;
use crate::launch::{Process, free_port, launch};
use crate::options::{Part, Server};
use crate::setup::{self, Setup};

/// Something that must not happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Surprise(pub(crate) String);

/// What a step ends with.
pub(crate) type Told<T> = Result<T, Surprise>;

impl From<String> for Surprise {
    fn from(reason: String) -> Self {
        Surprise(reason)
    }
}

/// Everything that the steps act on.
pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) journal: Journal,
    pub(crate) browser: Browser,
    /// The person's address: another one each time, so that the script can be played on one database again.
    pub(crate) email: String,
    /// A client of our own, to send what Notes never would.
    pub(crate) walker: Client,
    /// A second AuthCo whose access tokens live for two seconds, and a resource server that gives them no leeway.
    pub(crate) hasty: Setup,
    pub(crate) machine: Client,
    /// The same at the first AuthCo.
    pub(crate) robot: Client,
    authco: Option<Process>,
    processes: Vec<Process>,
}

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

impl World {
    async fn start(server: Server, database: Option<String>, folder: &Path) -> Result<World, String> {
        let fresh = |name: &str| -> Result<Setup, String> {
            let folder = folder.join(name);
            setup::private_folder(&folder)?;
            Ok(Setup {
                authco: free_port()?,
                notes: free_port()?,
                resource: free_port()?,
                database: "memory:".to_owned(),
                folder,
            })
        };
        let mut setup = fresh("main")?;
        let file = setup.folder.join("authco.db");
        setup.database = database.unwrap_or_else(|| format!("sqlite:{}", file.display()));
        let hasty = fresh("hasty")?;

        let walker = Client::walker(&setup)?;
        let (machine, robot) = (Client::machine(&hasty)?, Client::machine(&setup)?);
        setup.write_clients(&[setup.notes_client()?, walker.entry(), robot.entry()])?;
        hasty.write_clients(&[machine.entry()])?;

        let short = [("COUNTERSIGN_ACCESS_TOKEN_SECONDS", "2".to_owned()), ("RESOURCE_LEEWAY_SECONDS", "0".to_owned())];
        let part = Part::AuthCo(server);
        let authco = launch(part, &setup.settings(part)?, &setup.folder).await?;
        let mut processes = Vec::new();
        for (setup, part, further) in [
            (&setup, Part::ResourceServer, [].as_slice()),
            (&setup, Part::Notes, &[]),
            (&hasty, Part::AuthCo(server), &short),
            (&hasty, Part::ResourceServer, &short),
        ] {
            let settings = [setup.settings(part)?.as_slice(), further].concat();
            processes.push(launch(part, &settings, &setup.folder).await?);
        }
        let (journal, browser) = (Journal::default(), Browser::new().map_err(|Surprise(reason)| reason)?);
        let email = format!("{}@example.test", secret::identifier("ada", &SystemRandom::default()));
        let authco = Some(authco);
        Ok(World { setup, journal, browser, email, walker, hasty, machine, robot, authco, processes })
    }

    /// Ends AuthCo, without a warning.
    pub(crate) async fn kill_authco(&mut self) -> Told<()> {
        match self.authco.take() {
            Some(authco) => Ok(authco.kill().await?),
            None => Ok(()),
        }
    }

    /// Starts another resource server like the first, which has fetched no keys yet, and gives its address.
    pub(crate) async fn cold_resource_server(&mut self) -> Told<String> {
        let port = free_port()?;
        let mut settings = self.setup.settings(Part::ResourceServer)?;
        settings.retain(|(name, _)| *name != "RESOURCE_LISTEN");
        settings.push(("RESOURCE_LISTEN", format!("127.0.0.1:{port}")));
        self.processes.push(launch(Part::ResourceServer, &settings, &self.setup.folder).await?);
        Ok(format!("http://127.0.0.1:{port}"))
    }
}

/// A surprise unless the answer has this status and, where one is named, this error code.
pub(crate) fn expect(answer: &Answer, status: u16, error: Option<&str>) -> Told<()> {
    let found = answer.body.get("error").and_then(Value::as_str);
    if answer.status == status && found == error {
        return Ok(());
    }
    let named = |error: Option<&str>| error.map_or_else(|| "no error".to_owned(), |error| format!("{error:?}"));
    Err(Surprise(format!("expected {status} with {}, found {} with {}", named(error), answer.status, named(found))))
}

/// An answer of an endpoint that speaks JSON.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}
