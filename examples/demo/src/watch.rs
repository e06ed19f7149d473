//! `cargo demo`: everything runs until Ctrl-C, and a person looks.

use std::path::PathBuf;

use tokio::signal::ctrl_c;

use crate::launch::launch;
use crate::options::{Part, Server};
use crate::setup::{self, Setup};

pub(crate) async fn run(server: Server, [authco, notes, resource]: [u16; 3]) -> Result<(), String> {
    let folder = PathBuf::from("demo-data");
    setup::private_folder(&folder)?;
    let file = folder.join("authco.db");
    setup::private_file(&file)?;
    let database = format!("sqlite:{}", file.display());
    let setup = Setup { folder, authco, notes, resource, database };
    setup.write_clients(&[setup.notes_client()?])?;

    let start = async |part| launch(part, &setup.settings(part)?, &setup.folder).await;
    let mut authco = start(Part::AuthCo(server)).await?;
    let mut resource = start(Part::ResourceServer).await?;
    let mut notes = start(Part::Notes).await?;
    println!(
        "\nOpen in a browser:\n\
         \n  AuthCo   {}    sign up, sign in, see your dashboard\
         \n  Notes    {}    a program that signs you in through AuthCo\n\
         \nThen, in another terminal:  cargo demo agent    an agent asks you for a budget\n\
         \nThe resource server is at {}. Data and logs are in ./demo-data; remove it to begin anew.\
         \nCtrl-C ends everything.\n",
        setup.origin(),
        setup.notes_origin(),
        setup.resource_identifier(),
    );
    tokio::select! {
        _ = ctrl_c() => Ok(()),
        status = authco.ended() => Err(format!("AuthCo ended ({status})")),
        status = notes.ended() => Err(format!("Notes ended ({status})")),
        status = resource.ended() => Err(format!("the resource server ended ({status})")),
    }
}
