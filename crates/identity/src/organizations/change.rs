//! Changing what an organization is called and where it is.

use super::slugs::{REDIRECT, check_slug};
use super::view::OrganizationDetails;
use super::{events, stale};
use crate::provision::KINDS;
use crate::store::lifecycle::{self as rows, OrganizationRow};
use crate::tax_id::parse_cnpj;
use kernel::ids::FileId;
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, FieldError, Permission, Resource};
use serde::Deserialize;
use serde_json::{Value, json};
use store::TenantTx;

/// What is to change: absent fields stay, `null` clears where there may be nothing.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Clínica Bem-Estar", "timezone": "America/Recife" }))]
pub struct OrganizationChange {
    /// The old one leads here for 90 days.
    pub slug: Option<String>,
    pub name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub legal_name: Option<Option<String>>,
    pub kind: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub tax_id: Option<Option<String>>,
    /// IANA id.
    pub timezone: Option<String>,
    pub default_language: Option<String>,
    /// Those that people here work in.
    pub languages: Option<Vec<String>>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// ISO 3166-1, two letters.
    pub country: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub municipality_code: Option<Option<String>>,
    /// A picture among the organization's files.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<FileId>)]
    pub logo_file_id: Option<Option<FileId>>,
}

/// Changes the caller's organization.
///
/// # Errors
/// 403 without `organization.manage`; 412 when `expected` is not its version; 422 naming every wrong field; 409
/// `SLUG_TAKEN`.
pub async fn change_organization(
    ctx: &Ctx,
    tx: &mut TenantTx,
    change: OrganizationChange,
    expected: Option<i64>,
) -> Result<OrganizationDetails, Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(tx.organization_id()))?;
    rows::lock(tx).await?;
    let mut row = rows::find(tx).await?.ok_or_else(Error::not_found)?;
    if expected.is_some_and(|expected| expected != row.version) {
        return Err(stale());
    }
    if let Some(Some(logo)) = change.logo_file_id
        && !rows::is_picture(tx, logo).await?
    {
        return Err(Error::invalid_field("logo_file_id", "FILE_UNKNOWN", "This is no picture among your files."));
    }
    let before = facts(&row);
    let old_slug = row.slug.clone();
    apply(&mut row, change)?;
    let after = facts(&row);
    let changed: Vec<(String, Value, Value)> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before.1 != after.1)
        .map(|(before, after)| (before.0.to_owned(), before.1.clone(), after.1.clone()))
        .collect();
    if changed.is_empty() {
        return Ok(row.into());
    }
    let taken = || Error::new(ErrorKind::Conflict, "SLUG_TAKEN", "Another organization has this slug.");
    rows::save(tx, &row, ctx.now()).await.map_err(|error| {
        error.conflict_on("organizations_slug_key", "SLUG_TAKEN", "Another organization has this slug.")
    })?;
    if row.slug != old_slug {
        if rows::slug_is_kept(tx, &row.slug, ctx.now()).await? {
            return Err(taken());
        }
        rows::forget_slug(tx, &row.slug).await?;
        rows::keep_slug(tx, &old_slug, true, ctx.now() + REDIRECT, ctx.now()).await?;
    }
    row.version += 1;
    row.updated_at = ctx.now();
    tx.append(ctx, events::updated(ctx, &changed, row.version));
    Ok(row.into())
}

/// Puts the change into the row, or says everything that is wrong with it.
fn apply(row: &mut OrganizationRow, change: OrganizationChange) -> Result<(), Error> {
    if let Some(slug) = change.slug {
        row.slug = slug.trim().to_owned();
    }
    if let Some(name) = change.name {
        row.name = clean_line(&name);
    }
    if let Some(legal_name) = change.legal_name {
        row.legal_name = legal_name.map(|name| clean_line(&name)).filter(|name| !name.is_empty());
    }
    let plain = [
        (&mut row.kind, change.kind),
        (&mut row.timezone, change.timezone),
        (&mut row.default_language, change.default_language),
        (&mut row.currency, change.currency),
        (&mut row.country, change.country),
    ];
    for (field, value) in plain {
        if let Some(value) = value {
            *field = value;
        }
    }
    if let Some(languages) = change.languages {
        row.languages = languages;
    }
    if let Some(code) = change.municipality_code {
        row.municipality_code = code;
    }
    if let Some(logo) = change.logo_file_id {
        row.logo_file_id = logo;
    }
    let mut wrong = check(row);
    if let Some(tax_id) = change.tax_id {
        match tax_id.as_deref().map(|text| tax_id_of(text, &row.country)).transpose() {
            Ok(tax_id) => row.tax_id = tax_id,
            Err(error) => wrong.extend(error.fields().iter().cloned()),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// In Brazil a CNPJ; elsewhere 4 to 32 letters and digits, kept without what separates them.
fn tax_id_of(text: &str, country: &str) -> Result<String, Error> {
    if country == "BR" {
        return parse_cnpj(text);
    }
    let bare: String = text.chars().filter(|c| !matches!(c, '.' | '/' | '-' | ' ')).collect();
    if (4..=32).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(bare);
    }
    Err(Error::invalid_field("tax_id", "TAX_ID_INVALID", "4 to 32 letters and digits."))
}

fn check(row: &OrganizationRow) -> Vec<FieldError> {
    let mut wrong: Vec<FieldError> = check_slug(&row.slug).into_iter().collect();
    let mut refuse = |fits: bool, field: &'static str, code: &'static str, message: &'static str| {
        if !fits {
            wrong.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
        }
    };
    let length = |text: &str| text.chars().count();
    refuse((2..=255).contains(&length(&row.name)), "name", "LENGTH", "2 to 255 characters.");
    let legal_name = row.legal_name.as_deref().is_none_or(|name| (2..=255).contains(&length(name)));
    refuse(legal_name, "legal_name", "LENGTH", "2 to 255 characters.");
    let kinds = "One of clinic, hospital, laboratory, imaging, pharmacy, company.";
    refuse(KINDS.contains(&row.kind.as_str()), "kind", "UNKNOWN_VALUE", kinds);
    refuse(is_timezone(&row.timezone), "timezone", "TIMEZONE_UNKNOWN", "An IANA time zone, e.g. America/Sao_Paulo.");
    refuse(is_language(&row.default_language), "default_language", "LANGUAGE_INVALID", "A BCP 47 tag, e.g. pt-BR.");
    let languages = (1..=20).contains(&row.languages.len()) && row.languages.iter().all(|tag| is_language(tag));
    refuse(languages, "languages", "LANGUAGE_INVALID", "1 to 20 BCP 47 tags.");
    let upper = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_uppercase());
    refuse(upper(&row.currency, 3), "currency", "CURRENCY_INVALID", "Three letters (ISO 4217), e.g. BRL.");
    refuse(upper(&row.country, 2), "country", "COUNTRY_INVALID", "Two letters (ISO 3166-1), e.g. BR.");
    let code = row.municipality_code.as_deref();
    let fits =
        code.is_none_or(|code| (1..=16).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric()));
    refuse(fits, "municipality_code", "CODE_INVALID", "1 to 16 letters and digits (in Brazil: the IBGE code).");
    wrong
}

/// Whether the time zone database has it.
pub fn is_timezone(name: &str) -> bool {
    name.len() <= 64 && jiff::tz::TimeZone::get(name).is_ok()
}

/// A language tag: letters, then parts of letters and digits (RFC 5646, without its registry).
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first =
        parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    first
        && tag.len() <= 35
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// What the event tells, in one order.
fn facts(row: &OrganizationRow) -> Vec<(&'static str, Value)> {
    vec![
        ("slug", json!(row.slug)),
        ("name", json!(row.name)),
        ("legal_name", json!(row.legal_name)),
        ("kind", json!(row.kind)),
        ("tax_id", json!(row.tax_id)),
        ("timezone", json!(row.timezone)),
        ("default_language", json!(row.default_language)),
        ("languages", json!(row.languages)),
        ("currency", json!(row.currency)),
        ("country", json!(row.country)),
        ("municipality_code", json!(row.municipality_code)),
        ("logo_file_id", json!(row.logo_file_id)),
    ]
}

/// Tells `null` from absent.
pub fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_and_languages_are_known_by_their_names() {
        assert!(is_timezone("America/Sao_Paulo") && is_timezone("UTC"));
        assert!(!is_timezone("Brasilia") && !is_timezone("") && !is_timezone("../../etc/passwd"));
        assert!(is_language("pt-BR") && is_language("es") && is_language("zh-Hans-CN"));
        assert!(!is_language("") && !is_language("portuguese") && !is_language("pt_BR") && !is_language("pt-"));
    }

    #[test]
    fn a_tax_id_is_a_cnpj_in_brazil_and_something_plain_elsewhere() {
        assert_eq!(tax_id_of("11.222.333/0001-81", "BR").unwrap(), "11222333000181");
        assert!(tax_id_of("11.222.333/0001-80", "BR").is_err());
        assert_eq!(tax_id_of("PT 501 964 843", "PT").unwrap(), "PT501964843");
        assert!(tax_id_of("'; drop table", "PT").is_err());
    }
}
