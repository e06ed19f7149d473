//! One server process. It ends with whoever started it: when its standard input ends, so does it.

use std::io::Read;

use crate::options::{Part, Server};
use crate::runtime::in_runtime;

pub(crate) fn run(part: Part) -> Result<(), String> {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        // Ends when the other end is closed, by will or by death.
        let _ = std::io::stdin().read_to_end(&mut rest);
        std::process::exit(0);
    });
    match part {
        Part::AuthCo(Server::Actix) => countersign_actix_issuer::run().map_err(|error| error.to_string()),
        Part::AuthCo(Server::Axum) => {
            in_runtime(async { countersign_axum_issuer::run().await.map_err(|error| error.to_string()) })
        }
        Part::Notes => in_runtime(async { countersign_notes::run().await.map_err(|error| error.to_string()) }),
        Part::ResourceServer => {
            in_runtime(async { countersign_resource_server::run().await.map_err(|error| error.to_string()) })
        }
    }
}

pub(crate) async fn agent(origin: &str) -> Result<(), String> {
    countersign_agent::live(origin, &mut |line| println!("{line}")).await.map_err(|error| error.to_string())
}
