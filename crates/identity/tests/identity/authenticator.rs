//! A software authenticator: makes passkeys and answers with them, as WebAuthn Level 3 says, without the product's code.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// One device with one discoverable credential.
pub struct Authenticator {
    key: EcdsaKeyPair,
    credential_id: Vec<u8>,
    user_handle: String,
    pub counter: u32,
    /// Whether it checks the person (a PIN, a finger).
    pub verifies: bool,
    /// The page that it is used from.
    pub origin: String,
}

impl Authenticator {
    /// Answers the options of a registration.
    pub fn create(origin: &str, options: &Value) -> (Self, Value) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let wanted = &options["publicKey"];
        assert_eq!(wanted["authenticatorSelection"]["residentKey"], "required", "{wanted}");
        assert_eq!(wanted["authenticatorSelection"]["userVerification"], "required", "{wanted}");
        let mut device = Self {
            credential_id: Sha256::digest(key.public_key().as_ref()).to_vec(),
            key,
            user_handle: wanted["user"]["id"].as_str().unwrap().to_owned(),
            counter: 0,
            verifies: true,
            origin: origin.to_owned(),
        };
        let answer = device.attest(wanted);
        (device, answer)
    }

    fn attest(&mut self, wanted: &Value) -> Value {
        let client_data = self.client_data("webauthn.create", &wanted["challenge"]);
        let mut data = self.authenticator_data(wanted["rp"]["id"].as_str().unwrap(), ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(self.cose_key());
        let mut object = vec![0xa3];
        object
            .extend([text("fmt"), text("none"), text("attStmt"), vec![0xa0], text("authData"), bytes(&data)].concat());
        json!({
            "id": B64.encode(&self.credential_id),
            "rawId": B64.encode(&self.credential_id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": B64.encode(object),
                "clientDataJSON": B64.encode(client_data),
                "transports": ["internal"],
            },
        })
    }

    /// Answers the options of a sign-in.
    pub fn get(&mut self, options: &Value) -> Value {
        let wanted = &options["publicKey"];
        let client_data = self.client_data("webauthn.get", &wanted["challenge"]);
        let data = self.authenticator_data(wanted["rpId"].as_str().unwrap(), 0);
        let signed = [data.clone(), Sha256::digest(&client_data).to_vec()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": B64.encode(&self.credential_id),
            "rawId": B64.encode(&self.credential_id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": B64.encode(data),
                "clientDataJSON": B64.encode(client_data),
                "signature": B64.encode(signature),
                "userHandle": self.user_handle,
            },
        })
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, rp_id: &str, more: u8) -> Vec<u8> {
        let flags = PRESENT | more | if self.verifies { VERIFIED } else { 0 };
        [Sha256::digest(rp_id).to_vec(), vec![flags], self.counter.to_be_bytes().to_vec()].concat()
    }

    /// The public key: EC2, ES256, P-256, x, y (RFC 9052).
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        [vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21], bytes(x), vec![0x22], bytes(y)].concat()
    }
}

/// A CBOR text of less than 24 bytes.
fn text(text: &str) -> Vec<u8> {
    [&[0x60 + u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// CBOR bytes.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let head = if bytes.len() < 256 { vec![0x58, length[1]] } else { vec![0x59, length[0], length[1]] };
    [head, bytes.to_vec()].concat()
}
