//! The command line.

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
usage: cargo demo                      start AuthCo, Notes and a resource server; data in ./demo-data
       cargo demo agent [ORIGIN]       start an agent that asks AuthCo for a budget
       cargo demo --script             play everything unattended, on free ports and a fresh database
options: --server=axum|actix           the framework that AuthCo runs on (axum)
         --ports=N,N,N                 where AuthCo, Notes and the resource server listen (3000,4000,8000)
         --database=URL                for --script: memory:, sqlite:PATH or postgres://… (a fresh SQLite file)";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Serve(Part),
    Agent { origin: String },
    Watch { server: Server, ports: [u16; 3] },
    Script { server: Server, database: Option<String> },
}

/// The framework that AuthCo runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Axum,
    Actix,
}

/// One server process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    AuthCo(Server),
    Notes,
    ResourceServer,
}

impl Part {
    /// The words after `serve` that mean this part.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Part::AuthCo(Server::Axum) => &["authco", "--server=axum"],
            Part::AuthCo(Server::Actix) => &["authco", "--server=actix"],
            Part::Notes => &["notes"],
            Part::ResourceServer => &["resource-server"],
        }
    }
}

pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut words, mut script, mut server, mut database) = (Vec::new(), false, Server::Axum, None);
    let mut ports = None;
    for argument in arguments {
        match argument.split_once('=') {
            Some(("--server", "axum")) => server = Server::Axum,
            Some(("--server", "actix")) => server = Server::Actix,
            Some(("--ports", list)) => ports = Some(three_ports(list)?),
            Some(("--database", url)) => database = Some(url.to_owned()),
            None if argument == "--script" => script = true,
            None if argument == "--help" || argument == "-h" => return Ok(Task::Help),
            None if !argument.starts_with('-') => words.push(argument),
            _ => return Err(format!("{argument}: not an option")),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        _ if ports.is_some() && (script || !words.is_empty()) => Err("--ports is for the demo itself".to_owned()),
        [] if script => Ok(Task::Script { server, database }),
        _ if script || database.is_some() => Err("--database and --script go together and stand alone".to_owned()),
        [] => Ok(Task::Watch { server, ports: ports.unwrap_or([3000, 4000, 8000]) }),
        ["agent"] => Ok(Task::Agent { origin: "http://localhost:3000".to_owned() }),
        ["agent", origin] => Ok(Task::Agent { origin: (*origin).to_owned() }),
        ["serve", "authco"] => Ok(Task::Serve(Part::AuthCo(server))),
        ["serve", "notes"] => Ok(Task::Serve(Part::Notes)),
        ["serve", "resource-server"] => Ok(Task::Serve(Part::ResourceServer)),
        _ => Err(format!("{}: not a command", words.join(" "))),
    }
}

fn three_ports(list: &str) -> Result<[u16; 3], String> {
    let ports: Vec<u16> = list.split(',').filter_map(|port| port.parse().ok().filter(|port| *port > 0)).collect();
    ports.try_into().map_err(|_| format!("--ports={list}: three port numbers are needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Task, String> {
        super::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn each_command_is_one_task() {
        let ports = [3000, 4000, 8000];
        assert_eq!(read(""), Ok(Task::Watch { server: Server::Axum, ports }));
        assert_eq!(read("--server=actix"), Ok(Task::Watch { server: Server::Actix, ports }));
        assert_eq!(read("--ports=1,2,3"), Ok(Task::Watch { server: Server::Axum, ports: [1, 2, 3] }));
        assert_eq!(read("--script"), Ok(Task::Script { server: Server::Axum, database: None }));
        let database = Some("memory:".to_owned());
        assert_eq!(
            read("--script --server=actix --database=memory:"),
            Ok(Task::Script { server: Server::Actix, database })
        );
        assert_eq!(read("agent"), Ok(Task::Agent { origin: "http://localhost:3000".to_owned() }));
        for part in [Part::AuthCo(Server::Axum), Part::AuthCo(Server::Actix), Part::Notes, Part::ResourceServer] {
            assert_eq!(read(&format!("serve {}", part.words().join(" "))), Ok(Task::Serve(part)));
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for line in [
            "--server=hyper",
            "--ports=1,2",
            "--ports=1,2,0",
            "--script --ports=1,2,3",
            "--verbose",
            "serve",
            "serve postgres",
            "--database=memory:",
            "agent --script",
            "x",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
