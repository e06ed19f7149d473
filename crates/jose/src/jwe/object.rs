//! A JSON object that is written member by member.

pub(super) fn push_member(object: &mut String, name: &str, value: &str) {
    // A string always has a JSON form.
    push_value(object, name, &serde_json::to_string(value).unwrap_or_default());
}

/// Writes a member whose value is JSON already.
pub(super) fn push_value(object: &mut String, name: &str, value: &str) {
    if !object.ends_with('{') {
        object.push(',');
    }
    object.push('"');
    object.push_str(name);
    object.push_str("\":");
    object.push_str(value);
}
