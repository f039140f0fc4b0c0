//! The description with what handlers do not say of their answers, their parameters and their fields.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use super::fields::{fields, parameters, reference, vocabularies};
use super::{REFUSALS, definition};

/// Calls whose answer bears the version of what it tells, for `If-Match`.
const WITH_ETAG: &[&str] = &[
    "campaigns_get_one",
    "campaigns_revise",
    "contacts_create",
    "contacts_get_one",
    "contacts_change",
    "contacts_opt_out",
    "contacts_opt_in",
    "segments_create",
    "segments_get_one",
    "segments_change",
];

/// What parameters are, where their handler does not say.
const SAID: &[(&str, &str)] = &[
    ("id", "Identifies it."),
    ("phone", "The number, in any form that `/phones/normalize` reads."),
    ("tag", "The tag, as it is listed."),
    (
        "Idempotency-Key",
        "Sent again with the same body within 24 hours it gets the same answer, and nothing is done twice.",
    ),
    ("ref", "What the event belongs to, as our request named it."),
    ("telnyx-signature-ed25519", "The provider's signature over timestamp and body, in Base64."),
    ("telnyx-timestamp", "When it was signed, in seconds since 1970."),
];

/// The whole description.
pub(crate) fn filled(described: &OpenApi) -> Value {
    // A description that could not be written would be no description of ours: a test reads it.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    let schemas = &mut document["components"]["schemas"];
    for (name, says, schema) in vocabularies() {
        schemas[name] = schema;
        schemas[name]["description"] = says.into();
    }
    for (name, schema) in definition::schemas() {
        schemas[name] = schema;
    }
    for (schema, field, more) in fields() {
        tell(&mut schemas[schema]["properties"][field], more);
    }
    share_what_pages_hold(schemas);
    // A form has no reader that would say so.
    schemas["ContactFileForm"]["additionalProperties"] = false.into();
    let patch = patch_of(schemas, "CampaignRequest");
    let schemas = schemas.clone();
    document["components"]["headers"] = headers();
    for answer in members(&mut document["components"]["responses"]) {
        answer["headers"]["x-request-id"] = header("x-request-id");
    }
    for call in members(&mut document["paths"]).flat_map(members) {
        let name = call["operationId"].as_str().unwrap_or_default().to_owned();
        if name == "campaigns_revise" {
            call["requestBody"]["content"]["application/json"]["schema"] = reference(&patch);
        }
        let given = call.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in given.into_iter().flatten() {
            fill_parameter(&name, parameter);
        }
        let is_counted = call["responses"].get("429").is_some();
        for (status, answer) in call["responses"].as_object_mut().into_iter().flatten() {
            fill_answer(&name, status, answer, &schemas);
            if is_counted && status.starts_with('2') {
                for limit in ["RateLimit", "RateLimit-Policy"] {
                    answer["headers"][limit] = header(limit);
                }
            }
        }
    }
    document
}

fn members(of: &mut Value) -> impl Iterator<Item = &mut Value> {
    of.as_object_mut().into_iter().flat_map(|members| members.values_mut())
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |one: &Value| one["type"] == "null";
    schema["type"].as_array().is_some_and(|types| types.iter().any(|of| of == "null"))
        || schema["oneOf"].as_array().is_some_and(|forms| forms.iter().any(is_null))
}

/// Adds the schema of what changes something that is asked for by the schema `name`, by RFC 7396: every part may be left out, and
/// null takes away what need not be there.
fn patch_of(schemas: &mut Value, name: &str) -> String {
    let mut patch = schemas[name].clone();
    let required = patch.as_object_mut().and_then(|schema| schema.remove("required")).unwrap_or_default();
    let is_required =
        |field: &str| required.as_array().is_some_and(|names| names.iter().any(|name| name == field));
    for (field, schema) in patch["properties"].as_object_mut().into_iter().flatten() {
        let is_nullable = may_be_null(schema);
        let part =
            if schema.get("$ref").is_some() { Some(&mut *schema) } else { schema.pointer_mut("/oneOf/0") };
        if let Some(part) = part
            && let Some(of) = part["$ref"].as_str().and_then(|of| of.rsplit('/').next()).map(str::to_owned)
            && schemas[&of]["properties"].is_object()
        {
            part["$ref"] = reference(&patch_of(schemas, &of))["$ref"].take();
        }
        if !is_required(field) && !is_nullable {
            *schema = match schema["type"].as_str().map(str::to_owned) {
                Some(of) => {
                    let mut words = schema["enum"].take();
                    schema["type"] = json!([of, "null"]);
                    if let Some(words) = words.as_array_mut() {
                        words.push(Value::Null);
                        schema["enum"] = words.clone().into();
                    } else if let Some(schema) = schema.as_object_mut() {
                        schema.remove("enum");
                    }
                    schema.take()
                }
                None => json!({"oneOf": [schema.take(), {"type": "null"}]}),
            };
        }
    }
    let of = name.trim_end_matches("Request").trim_end_matches("Body");
    let patch_name = format!("{of}Patch");
    schemas[&patch_name] = patch;
    patch_name
}

/// Adds to a schema what is known of it besides. What may be null still may.
fn tell(schema: &mut Value, more: Value) {
    let is_nullable = may_be_null(schema);
    if more.get("$ref").is_some() {
        let mut told = if is_nullable { json!({"oneOf": [more, {"type": "null"}]}) } else { more };
        for name in ["description", "example", "default"] {
            if let Some(said) = schema.get(name) {
                told[name] = said.clone();
            }
        }
        *schema = told;
        return;
    }
    let Value::Object(more) = more else { return };
    for (name, value) in more {
        match (name.as_str(), value) {
            ("type", _) => {}
            ("items", of) => tell(&mut schema["items"], of),
            ("enum", Value::Array(mut words)) if is_nullable => {
                words.push(Value::Null);
                schema["enum"] = words.into();
            }
            ("example", _) if schema.get("example").is_some() => {}
            (name, value) => schema[name] = value,
        }
    }
}

/// A page names what is on it, as anything else does.
fn share_what_pages_hold(schemas: &mut Value) {
    let pages = schemas.as_object_mut().into_iter().flatten();
    for (name, page) in pages {
        if let Some(of) = name.strip_prefix("Page_") {
            page["properties"]["data"]["items"] = reference(of);
        }
    }
}

fn fill_parameter(call: &str, parameter: &mut Value) {
    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
    // Nothing but text is in a header or a path: what may be left out is not null.
    if let Some(types) = parameter["schema"]["type"].as_array()
        && let Some(of) = types.iter().find(|of| **of != json!("null"))
    {
        parameter["schema"]["type"] = of.clone();
    }
    let known = parameters().into_iter().find(|(of, its, _)| (*of == call || *of == "*") && *its == name);
    if let Some((_, _, more)) = known {
        tell(&mut parameter["schema"], more);
    }
    if let Some((_, said)) = SAID.iter().find(|(of, _)| *of == name)
        && parameter.get("description").is_none()
    {
        parameter["description"] = (*said).into();
    }
}

fn fill_answer(call: &str, status: &str, answer: &mut Value, schemas: &Value) {
    if answer.get("$ref").is_some() {
        return;
    }
    let is_said = answer["description"].as_str().is_some_and(|said| !said.is_empty());
    let shared = REFUSALS.iter().find(|(of, ..)| of.to_string() == status);
    if let Some((_, name, _)) = shared
        && !is_said
    {
        *answer = json!({"$ref": format!("#/components/responses/{name}")});
        return;
    }
    let what = answer["content"]["application/json"]["schema"]["$ref"].as_str();
    let what = what.and_then(|what| what.rsplit('/').next()).unwrap_or_default().to_owned();
    if !is_said {
        answer["description"] = schemas[&what]["description"].as_str().unwrap_or("Done.").into();
    }
    answer["headers"]["x-request-id"] = header("x-request-id");
    if status.starts_with('2') && WITH_ETAG.contains(&call) {
        answer["headers"]["ETag"] = header("ETag");
    }
    if status == "202" && what == "JobView" {
        answer["headers"]["Location"] = header("Location");
    }
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

fn headers() -> Value {
    let text = |says: &str, is_always_there: bool| json!({"description": says, "required": is_always_there, "schema": {"type": "string"}});
    json!({
        "x-request-id": text("Identifies the request in the log: the caller's own id where it gave one.", true),
        "ETag": text("The version of what is told, for If-Match.", true),
        "Location": text("Where the job is to be followed.", true),
        "RateLimit": text("How many requests are left, and in how many seconds all of them are there again.", false),
        "RateLimit-Policy": text("How many requests may be made at once, and in how many seconds they are there again.", false),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::OpenApi as _;

    use super::*;
    use crate::api_doc::{ApiDoc, document};

    #[test]
    fn what_is_said_of_fields_and_parameters_is_said_of_those_that_there_are() {
        let handlers = serde_json::to_value(ApiDoc::openapi()).unwrap_or_default();
        for (schema, field, _) in fields() {
            let there = &handlers["components"]["schemas"][schema]["properties"][field];
            assert!(there.is_object(), "{schema}.{field}");
        }
        let mut named = BTreeSet::new();
        for item in document()["paths"].as_object().into_iter().flatten().map(|(_, item)| item) {
            for call in item.as_object().into_iter().flatten().map(|(_, call)| call) {
                for parameter in call["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap_or_default();
                    for of in [call["operationId"].as_str().unwrap_or_default(), "*"] {
                        named.insert((of.to_owned(), name.to_owned()));
                    }
                }
            }
        }
        for (call, parameter, _) in parameters() {
            assert!(named.contains(&(call.to_owned(), parameter.to_owned())), "{call} {parameter}");
        }
    }

    #[test]
    fn whatever_comes_in_says_how_long_it_may_be_or_what_it_is() {
        let schemas = document()["components"]["schemas"].as_object().into_iter().flatten();
        for (name, schema) in schemas.filter(|(name, _)| name.ends_with("Request") || name.ends_with("Patch"))
        {
            for (field, its) in schema["properties"].as_object().into_iter().flatten() {
                let is = |of: &str| {
                    its["type"] == of
                        || its["type"].as_array().is_some_and(|types| types.contains(&json!(of)))
                };
                let says = |keys: &[&str]| keys.iter().any(|key| its.get(*key).is_some());
                assert!(!is("string") || says(&["maxLength", "format", "enum", "pattern"]), "{name}.{field}");
                assert!(!is("array") || says(&["maxItems"]), "{name}.{field}");
            }
        }
    }

    #[test]
    fn a_patch_may_leave_everything_out_and_takes_away_what_need_not_be_there() {
        let schemas = &document()["components"]["schemas"];
        let patch = &schemas["CampaignPatch"];
        assert!(patch.get("required").is_none() && !may_be_null(&patch["properties"]["name"]), "{patch}");
        assert!(
            may_be_null(&patch["properties"]["sender_id"]) && may_be_null(&patch["properties"]["window"])
        );
        assert_eq!(patch["properties"]["message"]["$ref"], "#/components/schemas/MessagePatch");
        assert!(may_be_null(&schemas["MessagePatch"]["properties"]["transliterate"]));
        assert!(schemas["CampaignRequest"]["required"].is_array());
    }

    #[test]
    fn words_that_may_be_null_say_so() {
        let mut schema = json!({"type": ["string", "null"], "description": "Which."});
        tell(&mut schema, json!({"enum": ["a"]}));
        assert_eq!(schema["enum"], json!(["a", null]));
        let mut schema = json!({"type": ["string", "null"], "description": "Which."});
        tell(&mut schema, reference("Role"));
        assert_eq!(schema["oneOf"], json!([reference("Role"), {"type": "null"}]));
        assert_eq!(schema["description"], "Which.");
    }
}
