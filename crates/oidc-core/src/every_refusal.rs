//! Every refusal that this crate answers over HTTP: what its rows may hold.

use std::fs;
use std::path::Path;

use countersign_web::refusals::Row;

use crate::authorize::{AddressRefusal, AuthorizationRefusal, InteractionRefusal};
use crate::client_authentication::ClientRefusal;
use crate::endpoints::introspection::IntrospectionRefusal;
use crate::endpoints::revocation::RevocationRefusal;
use crate::params::ParamsRefusal;
use crate::resource_server::BearerRefusal;
use crate::rules::invalid_target::InvalidTarget;
use crate::token::TokenRefusal;

/// The statuses and the codes that one kind of refusals is answered with, each of which some row has.
struct Kind {
    name: &'static str,
    rows: Vec<&'static Row>,
    answers: &'static [(u16, &'static str)],
}

fn kinds() -> Vec<Kind> {
    let kind = |name, rows, answers| Kind { name, rows, answers };
    vec![
        kind(
            "AddressRefusal",
            AddressRefusal::rows(),
            &[(400, "invalid_request"), (400, "invalid_client"), (400, "invalid_redirect_uri")],
        ),
        kind(
            // By redirect: RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6. The status of `invalid_target` is that of the token endpoint.
            "AuthorizationRefusal",
            AuthorizationRefusal::rows(),
            &[
                (303, "access_denied"),
                (303, "consent_required"),
                (303, "interaction_required"),
                (303, "invalid_request"),
                (303, "invalid_scope"),
                (400, "invalid_target"),
                (303, "login_required"),
                (303, "registration_not_supported"),
                (303, "request_not_supported"),
                (303, "request_uri_not_supported"),
                (303, "unauthorized_client"),
                (303, "unmet_authentication_requirements"),
                (303, "unsupported_response_type"),
            ],
        ),
        kind(
            "BearerRefusal",
            BearerRefusal::rows(),
            &[(401, ""), (400, "invalid_request"), (401, "invalid_token"), (403, "insufficient_scope")],
        ),
        kind("ClientRefusal", ClientRefusal::rows(), &[(401, "invalid_client"), (400, "invalid_request")]),
        kind(
            "InteractionRefusal",
            InteractionRefusal::rows(),
            &[
                (400, "client_gone"),
                (410, "expired"),
                (410, "finished"),
                (403, "foreign_answer"),
                (429, "too_many_answers"),
                (404, "unknown"),
                (400, "widened"),
            ],
        ),
        kind(
            "IntrospectionRefusal",
            IntrospectionRefusal::rows(),
            &[(401, "invalid_client"), (400, "invalid_request"), (415, "invalid_request")],
        ),
        kind("InvalidTarget", InvalidTarget::rows(), &[(400, "invalid_target")]),
        kind("ParamsRefusal", ParamsRefusal::rows(), &[(400, "invalid_request"), (415, "invalid_request")]),
        kind(
            "RevocationRefusal",
            RevocationRefusal::rows(),
            &[
                (401, "invalid_client"),
                (400, "invalid_request"),
                (415, "invalid_request"),
                (429, "temporarily_unavailable"),
                // That a token is another client's (RFC 7009 §2.1).
                (400, "invalid_grant"),
            ],
        ),
        kind(
            // RFC 6749 §5.2, RFC 8707 §2.
            "TokenRefusal",
            TokenRefusal::rows(),
            &[
                (401, "invalid_client"),
                (400, "invalid_grant"),
                (400, "invalid_request"),
                (415, "invalid_request"),
                (400, "invalid_scope"),
                (400, "invalid_target"),
                (400, "unauthorized_client"),
                (400, "unsupported_grant_type"),
            ],
        ),
    ]
}

/// The characters are those of RFC 6749 §5.2 and RFC 6750 §3.
#[test]
fn every_refusal_has_a_registered_code_its_status_a_standard_and_an_allowed_description() {
    for Kind { name, rows, answers } in kinds() {
        for row in &rows {
            assert!(answers.contains(&(row.status.as_u16(), row.code)), "{name}: {row:?}");
            assert!(row.text.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\'), "{name}: {row:?}");
            assert!(!row.text.contains("can not"), "{name}: {row:?}");
            let standards = ["RFC ", "OIDC Core ", "OAuth Multiple Response Types "];
            let cited =
                standards.iter().any(|standard| row.standard.starts_with(standard)) && row.standard.contains('§');
            assert!(cited || row.standard == "own", "{name}: {row:?}");
        }
        for (status, code) in answers {
            assert!(rows.iter().any(|row| (row.status.as_u16(), row.code) == (*status, *code)), "{name}: no {code}");
        }
    }
}

#[test]
fn every_kind_of_refusals_is_in_the_table() {
    let mut defined = Vec::new();
    defined_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut defined);
    defined.sort();
    let known: Vec<String> = kinds().iter().map(|kind| kind.name.to_owned()).collect();
    assert_eq!(defined, known);
}

fn defined_below(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            defined_below(&path, found);
        } else if !path.ends_with(file!().rsplit('/').next().unwrap()) {
            let source = fs::read_to_string(&path).unwrap();
            let names =
                source.split("refusals! {").skip(1).filter_map(|after| after.split_once("enum ")?.1.split(' ').next());
            found.extend(names.map(str::to_owned));
        }
    }
}
