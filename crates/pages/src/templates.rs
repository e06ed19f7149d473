//! Templates. They are embedded, and a file of the same name in a folder can take the place of each.

use std::path::PathBuf;

use countersign_storage::Fault;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;

use crate::assets::Assets;

/// Where templates and the style sheet come from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum TemplateSource {
    /// Those that are compiled in.
    #[default]
    Embedded,
    /// A folder. A file in it takes the place of the embedded one of the same name (`sign_in.html`, `countersign.css`, …).
    /// It is read once, at construction.
    ///
    /// # Security
    /// A template decides what a person believes that they approve. `{{ … }}` must stay escaped. With the filter `safe`,
    /// whoever chose the name of an agent or of a client writes HTML into the page.
    Override(PathBuf),
}

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file of the override folder exists and cannot be read.
    #[error("the template {name} cannot be read: {reason}")]
    Unreadable {
        /// The file's name.
        name: &'static str,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The text is no template.
    #[error("the template {name} is wrong in line {line}: {reason}")]
    Syntax {
        /// The file's name.
        name: &'static str,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The folder does not exist.
    #[error("the template folder {} does not exist", .0.display())]
    NoFolder(PathBuf),
}

/// A page: the values that its template shows.
pub trait Page: Serialize {
    /// The template's file name.
    const TEMPLATE: &'static str;
}

/// The compiled templates.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    site: Value,
    assets: Assets,
}

/// What every template sees as `site`.
#[derive(Serialize)]
struct SiteView<'a> {
    brand: &'a str,
    home: &'a str,
    stylesheet: &'a str,
    icon: &'a str,
}

impl Templates {
    /// Compiles all templates. `brand` is the name in the header and in titles.
    ///
    /// # Errors
    /// [`TemplateError`], where a template cannot be used. So it is told at the start.
    pub fn new(source: &TemplateSource, brand: &str) -> Result<Self, TemplateError> {
        if let TemplateSource::Override(folder) = source
            && !folder.is_dir()
        {
            return Err(TemplateError::NoFolder(folder.clone()));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, embedded) in EMBEDDED {
            let text = source.text(name, embedded)?;
            environment.add_template_owned(*name, text).map_err(|error| TemplateError::Syntax {
                name,
                line: error.line().unwrap_or(0),
                reason: error.to_string(),
            })?;
        }
        let assets = Assets::new(source.text("countersign.css", STYLESHEET)?, source.text("mark.svg", ICON)?);
        let site = Value::from(Serde(&SiteView {
            brand,
            home: "/",
            stylesheet: assets.stylesheet_url(),
            icon: assets.icon_url(),
        }));
        Ok(Templates { environment, site, assets })
    }

    /// Fills in a page.
    ///
    /// # Errors
    /// [`Fault::Internal`], where an overridden template uses a value that does not exist. The log says which one.
    pub fn render<P: Page>(&self, page: &P) -> Result<String, Fault> {
        let rendered = self.environment.get_template(P::TEMPLATE).and_then(|template| {
            template.render(context! { site => self.site.clone(), page => Value::from(Serde(page)) })
        });
        rendered.map_err(|error| {
            tracing::error!(template = P::TEMPLATE, line = error.line(), kind = ?error.kind(), "a template failed");
            Fault::Internal("a template failed")
        })
    }

    /// The style sheet and the icon.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }
}

impl TemplateSource {
    fn text(&self, name: &'static str, embedded: &str) -> Result<String, TemplateError> {
        let TemplateSource::Override(folder) = self else { return Ok(embedded.to_owned()) };
        match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(text),
            Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => Ok(embedded.to_owned()),
            Err(reason) => Err(TemplateError::Unreadable { name, reason }),
        }
    }
}

const STYLESHEET: &str = include_str!("../assets/countersign.css");
const ICON: &str = include_str!("../assets/mark.svg");

const EMBEDDED: &[(&str, &str)] = &[
    ("activity.html", include_str!("../templates/activity.html")),
    ("consent.html", include_str!("../templates/consent.html")),
    ("dashboard.html", include_str!("../templates/dashboard.html")),
    ("device_approval.html", include_str!("../templates/device_approval.html")),
    ("device_code.html", include_str!("../templates/device_code.html")),
    ("layout.html", include_str!("../templates/layout.html")),
    ("macros.html", include_str!("../templates/macros.html")),
    ("mark.html", include_str!("../templates/mark.html")),
    ("message.html", include_str!("../templates/message.html")),
    ("sign_in.html", include_str!("../templates/sign_in.html")),
    ("sign_up.html", include_str!("../templates/sign_up.html")),
];

#[cfg(test)]
mod tests {
    use super::EMBEDDED;

    /// How a value must stand in a template.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Standing {
        /// A stranger chose it: in quotation marks.
        Quoted,
        /// An address, by its letters: it is shown as it is, in its own direction.
        Isolated,
        /// Ours; or what the person who looks typed; or quoted already, because it is part of a sentence.
        Plain,
    }
    use Standing::{Isolated, Plain, Quoted};

    const VALUES: &[(&str, Standing)] = &[
        ("agent.dismiss.action", Plain),
        ("agent.name", Quoted),
        ("agent.status", Plain),
        ("agent.tone", Plain),
        ("app.name", Quoted),
        ("app.newer", Plain),
        ("app.revoke.action", Plain),
        ("agent.revoke.action", Plain),
        ("capability", Plain),
        ("capability.description", Plain),
        ("capability.name", Plain),
        ("email", Isolated),
        ("entry.beyond", Plain),
        ("entry.what", Plain),
        ("entry.who", Plain),
        ("field.name", Plain),
        ("field.value", Plain),
        ("form.token", Plain),
        ("host.dismiss_all.action", Plain),
        ("host.more_ended", Plain),
        ("host.more_waiting", Plain),
        ("host.name", Quoted),
        ("host.revoke.action", Plain),
        ("host.status", Plain),
        ("host.tone", Plain),
        ("limit.text", Plain),
        ("moment.clock", Plain),
        ("moment.iso", Plain),
        ("moment.words", Plain),
        ("note", Plain),
        ("nothing", Plain),
        ("page.account", Isolated),
        ("page.account.email", Isolated),
        ("page.account.name", Isolated),
        ("page.account_initial", Plain),
        ("page.action", Plain),
        ("page.agent_name", Quoted),
        ("page.client_host", Isolated),
        ("page.client_initial", Plain),
        ("page.client_name", Quoted),
        ("page.confirm", Plain),
        ("page.detail", Plain),
        ("page.device", Plain),
        ("page.email", Plain),
        ("page.email_problem", Plain),
        ("page.form.action", Plain),
        ("page.heading", Plain),
        ("page.host_name", Quoted),
        ("page.link.href", Plain),
        ("page.link.words", Plain),
        ("page.more_hosts", Plain),
        ("page.name", Plain),
        ("page.name_problem", Plain),
        ("page.notice", Plain),
        ("page.older", Plain),
        ("page.other_account", Plain),
        ("page.password_least", Plain),
        ("page.password_problem", Plain),
        ("page.reason", Quoted),
        ("page.redirect_host", Isolated),
        ("page.revoke_others.action", Plain),
        ("page.sign_in", Plain),
        ("page.sign_up", Plain),
        ("page.text", Plain),
        ("page.user_code", Plain),
        ("period.seconds", Plain),
        ("period.words", Plain),
        ("resource", Isolated),
        ("scope", Plain),
        ("scope.description", Plain),
        ("scope.name", Plain),
        ("session.address", Isolated),
        ("session.browser", Plain),
        ("session.newer", Plain),
        ("session.revoke.action", Plain),
        ("sign_out.action", Plain),
        ("site.brand", Plain),
        ("site.home", Plain),
        ("site.icon", Plain),
        ("site.stylesheet", Plain),
        ("text", Plain),
    ];

    #[test]
    fn every_value_of_a_template_stands_as_whoever_chose_it_demands() {
        let mut seen = Vec::new();
        for (file, template) in EMBEDDED {
            let mut rest = *template;
            while let Some((before, after)) = rest.split_once("{{") {
                let (value, after) = after.split_once("}}").expect("a closed value");
                rest = after;
                let value = value.trim_matches(['-', ' ']);
                // A macro: its values stand in its own template.
                if value.contains('(') {
                    continue;
                }
                let within = |opening: &str, closing: &str| before.ends_with(opening) && after.starts_with(closing);
                let quoted = within("<q class=\"quoted\">", "</q>")
                    || within("<q class=\"quoted inline\">", "</q>")
                    || within("“", "”");
                let standing = VALUES.iter().find(|(name, _)| *name == value);
                let (_, standing) = standing.unwrap_or_else(|| panic!("{file}: who chooses {value}?"));
                match standing {
                    Quoted => assert!(quoted, "{file}: {value}"),
                    Isolated => assert!(within("<bdi>", "</bdi>"), "{file}: {value}"),
                    Plain => assert!(!quoted, "{file}: {value}"),
                }
                seen.push(value);
            }
        }
        for (name, _) in VALUES {
            assert!(seen.contains(name), "{name} stands in no template");
        }
    }
}
