//! Everything that the steps act on: the servers of the demo, a browser, and clients of our own.

use std::path::Path;

use countersign_storage::{SystemRandom, secret};

use super::browser::Browser;
use super::client::Client;
use super::journal::Journal;
use super::told::{Surprise, Told};
use crate::launch::{Process, free_port, launch};
use crate::options::{Part, Server};
use crate::setup::{self, Setup};

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

impl World {
    pub(crate) async fn start(server: Server, database: Option<String>, folder: &Path) -> Result<World, String> {
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
