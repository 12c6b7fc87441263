//! Talking to a provider: discovery, the way there, and what it says about the person. All of it over the house's one
//! way out.

use super::Provider;
use super::carrier::Carrier;
use crate::handle::Identity;
use kernel::{Clock, Error, ErrorKind};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, IdTokenClaims,
    IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, SubjectIdentifier, TokenResponse, UserInfoClaims,
};
use outbound::{CallError, Outbound};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use url::Url;

/// What a provider said about a person, checked: signature, issuer, audience, times, nonce.
#[derive(Clone, Debug, Default)]
pub struct Assertion {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    /// How the person proved himself there (RFC 8176).
    pub amr: Vec<String>,
    /// All other claims.
    pub claims: Map<String, Value>,
}

impl Assertion {
    /// Values of a claim that is a list of texts or one text.
    pub fn texts(&self, claim: &str) -> Vec<&str> {
        match self.claims.get(claim) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one],
            _ => Vec::new(),
        }
    }
}

/// Signatures that are believed: public keys only.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

#[derive(Debug, Default, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    claims: Map<String, Value>,
}
impl AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// A client of a discovered provider.
type Known = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Identity {
    /// The URL that the browser is sent to. `state` is the token of the flow.
    pub(super) async fn departure(
        &self,
        provider: &Provider,
        nonce: String,
        verifier: String,
        state: &str,
    ) -> Result<Url, Error> {
        let metadata = self.discovered(&provider.issuer, false).await?;
        let client = self.known_client(provider, &metadata)?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier));
        let (state, nonce) = (state.to_owned(), Nonce::new(nonce));
        let (url, ..) = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || nonce,
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(url)
    }

    /// What the provider says about the person whose browser came back with `code`.
    ///
    /// # Errors
    /// 400 `OIDC_RESPONSE_INVALID` for whatever does not fit; 503 where the provider cannot be reached.
    pub(super) async fn assertion(
        &self,
        provider: &Provider,
        code: String,
        nonce: &str,
        verifier: String,
    ) -> Result<Assertion, Error> {
        let metadata = self.discovered(&provider.issuer, false).await?;
        let client = self.known_client(provider, &metadata)?;
        let carrier = Carrier(self.way_out()?.clone());
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| unusable("token endpoint", &error))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let carry = |request: HttpRequest| carrier.clone().carry(request);
        let answer = Box::pin(request.request_async(&carry)).await.map_err(|error| match error {
            openidconnect::RequestTokenError::Request(error) => unreachable_provider(&error),
            other => unusable("token answer", &other),
        })?;
        let token = answer.id_token().ok_or_else(|| unusable("token answer", &"there is no ID token"))?;
        let nonce = Nonce::new(nonce.to_owned());
        let verified = token.claims(&verifier_of(&client, self.0.clock.clone()), &nonce).map(assertion_of);
        let mut assertion = match verified {
            // The provider may have changed its keys since they were read.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let fresh = self.discovered(&provider.issuer, true).await?;
                let client = self.known_client(provider, &fresh)?;
                token.claims(&verifier_of(&client, self.0.clock.clone()), &nonce).map(assertion_of)
            }
            other => other,
        }
        .map_err(|error| unusable("ID token", &error))?;
        if lacks(&assertion, provider)
            && let Ok(request) =
                client.user_info(answer.access_token().clone(), Some(SubjectIdentifier::new(assertion.subject.clone())))
        {
            let carry = |request: HttpRequest| carrier.clone().carry(request);
            let told: Result<UserInfoClaims<Others, CoreGenderClaim>, _> =
                Box::pin(request.request_async(&carry)).await;
            add(&mut assertion, &told.map_err(|error| unusable("user info", &error))?);
        }
        Ok(assertion)
    }

    /// The provider's description and keys: from the cache of some minutes unless `anew`.
    ///
    /// # Errors
    /// 503 `OIDC_PROVIDER_UNREACHABLE`, 400 where it is not what its issuer says.
    pub(super) async fn discovered(&self, issuer: &str, anew: bool) -> Result<Arc<CoreProviderMetadata>, Error> {
        if anew {
            self.0.providers.invalidate(issuer).await;
        }
        if let Some(known) = self.0.providers.get(issuer).await {
            return Ok(known);
        }
        let carrier = Carrier(self.way_out()?.clone());
        let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| unusable("issuer", &error))?;
        let carry = |request: HttpRequest| carrier.clone().carry(request);
        let found = Box::pin(CoreProviderMetadata::discover_async(url, &carry)).await;
        let metadata = Arc::new(found.map_err(|error| match error {
            openidconnect::DiscoveryError::Request(error) => unreachable_provider(&error),
            other => unusable("discovery", &other),
        })?);
        self.0.providers.insert(issuer.to_owned(), metadata.clone()).await;
        Ok(metadata)
    }

    fn known_client(&self, provider: &Provider, metadata: &CoreProviderMetadata) -> Result<Known, Error> {
        let callback =
            format!("{}/api/auth/oidc/{}/callback", self.0.settings.issuer.trim_end_matches('/'), provider.key);
        let callback = RedirectUrl::new(callback).map_err(Error::internal)?;
        let secret = ClientSecret::new(provider.client_secret.expose_secret().to_owned());
        let id = ClientId::new(provider.client_id.clone());
        Ok(Client::from_provider_metadata(metadata.clone(), id, Some(secret)).set_redirect_uri(callback))
    }

    pub(super) fn way_out(&self) -> Result<&Outbound, Error> {
        self.0
            .settings
            .outbound
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::Unavailable, "OIDC_UNAVAILABLE", "This installation cannot call out."))
    }
}

fn verifier_of(client: &Known, clock: Clock) -> openidconnect::core::CoreIdTokenVerifier<'_> {
    client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || clock.now())
}

fn assertion_of(claims: &IdTokenClaims<Others, CoreGenderClaim>) -> Assertion {
    Assertion {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        email_verified: claims.email_verified() == Some(true),
        name: claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
        amr: claims.auth_method_refs().into_iter().flatten().map(|method| method.as_str().to_owned()).collect(),
        claims: claims.additional_claims().claims.clone(),
    }
}

/// Many providers say in the ID token only who it is; the rest they tell when asked.
fn lacks(assertion: &Assertion, provider: &Provider) -> bool {
    let groups = provider.own.as_ref().filter(|own| !own.group_roles.is_empty());
    assertion.email.is_none() || groups.is_some_and(|own| !assertion.claims.contains_key(&own.group_claim))
}

/// What the provider told of the same subject, besides.
fn add(assertion: &mut Assertion, told: &UserInfoClaims<Others, CoreGenderClaim>) {
    if assertion.email.is_none() {
        assertion.email = told.email().map(|email| email.as_str().to_owned());
        assertion.email_verified = told.email_verified() == Some(true);
    }
    if assertion.name.is_none() {
        assertion.name = told.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
    }
    for (name, value) in &told.additional_claims().claims {
        assertion.claims.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

fn unreachable_provider(error: &CallError) -> Error {
    let why = match error {
        CallError::Refused(_) => "The provider's address is not allowed.",
        _ => "The identity provider cannot be reached.",
    };
    Error::new(ErrorKind::Unavailable, "OIDC_PROVIDER_UNREACHABLE", why).with_private(error)
}

fn unusable(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::BadRequest, "OIDC_RESPONSE_INVALID", "The identity provider's answer was not accepted.")
        .with_private(format!("{what}: {error}"))
}
