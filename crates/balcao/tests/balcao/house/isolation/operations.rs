//! The operations of the API, as its own description tells them.

use super::super::client::{Answer, Person};
use super::Ids;
use reqwest::Method;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Path parameters that name no organization's thing.
const NOT_OURS: &[&str] = &["connector", "account_key", "provider"];

/// One operation.
pub struct Operation {
    pub method: Method,
    pub path: String,
    /// Those in the path.
    pub parameters: Vec<String>,
    pub permission: String,
    /// What somebody may owe who asks for it (`x-owing`).
    pub owing: Vec<String>,
    pub example: Option<Value>,
    /// Fields of the body; `None` where its members are not fields (settings by key).
    fields: Option<Vec<String>>,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn is_public(&self) -> bool {
        self.permission == "public"
    }

    /// Whether its body has this field.
    pub fn takes(&self, field: &str) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.iter().any(|known| known == field))
    }

    pub fn looks(&self) -> bool {
        self.method == Method::GET
    }

    /// Parameters of the path that name things of an organization.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(String::as_str).filter(|name| !NOT_OURS.contains(name))
    }

    /// The path with these things in it; one that is not known is one that nobody has.
    pub fn path_with(&self, ids: &Ids) -> String {
        self.parameters.iter().fold(self.path.clone(), |path, name| {
            let id = ids.get(name.as_str()).copied().unwrap_or(Uuid::nil());
            path.replace(&format!("{{{name}}}"), &id.to_string())
        })
    }

    /// Asks for it with these things in the path and the body of the description.
    pub async fn ask(&self, person: &Person, ids: &Ids) -> Answer {
        self.ask_with(person, ids, self.example.as_ref()).await
    }

    /// The same with another body. Some ask which version was read before they look at anything else.
    pub async fn ask_with(&self, person: &Person, ids: &Ids, body: Option<&Value>) -> Answer {
        person.ask_if(self.method.clone(), &self.path_with(ids), body, Some("\"v1\"")).await.unwrap()
    }
}

/// Every operation of the document; one without a permission fails.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["get", "put", "post", "delete", "patch"] {
            let Some(operation) = item.get(method) else { continue };
            let method: Method = method.to_uppercase().parse().unwrap();
            let permission = operation["x-permission"].as_str();
            let permission = permission.unwrap_or_else(|| panic!("{method} {path} names no permission")).to_owned();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let parameters = parameters.iter().filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str());
            found.push(Operation {
                parameters: parameters.map(str::to_owned).collect(),
                example: example(document, operation),
                fields: fields(document, operation),
                path: path.clone(),
                owing: words(&operation["x-owing"]),
                permission,
                method,
            });
        }
    }
    assert!(found.len() > 20, "the document describes the API");
    found.sort_by_key(Operation::name);
    found
}

/// The body as JSON, and its schema.
fn body<'d>(document: &'d Value, operation: &'d Value) -> Option<(&'d Value, &'d Value)> {
    let content = operation["requestBody"]["content"].as_object()?;
    let body = content.get("application/json")?;
    let schema = body["schema"]["$ref"]
        .as_str()
        .map_or(&body["schema"], |name| document.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null));
    Some((body, schema))
}

fn fields(document: &Value, operation: &Value) -> Option<Vec<String>> {
    let (_, schema) = body(document, operation)?;
    Some(schema["properties"].as_object()?.keys().cloned().collect())
}

fn example(document: &Value, operation: &Value) -> Option<Value> {
    let (body, schema) = body(document, operation)?;
    let given =
        [&body["example"], &schema["example"], &schema["examples"][0]].into_iter().find(|example| !example.is_null());
    Some(given.cloned().unwrap_or_else(|| Value::Object(Map::new())))
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
