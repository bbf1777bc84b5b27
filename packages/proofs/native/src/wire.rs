//! How values look in the JSON between the runner and this crate: bytes as base64, sizes as decimal text.

use base64::prelude::{Engine, BASE64_STANDARD};
use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

/// 32 bytes: a commitment, a ticket, a seed or randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes32(pub [u8; 32]);

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
        bytes
            .try_into()
            .map(Bytes32)
            .map_err(|bytes: Vec<u8>| D::Error::custom(format!("{} bytes, want 32", bytes.len())))
    }
}

impl Serialize for Bytes32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0))
    }
}

/// Bytes of any length, such as a proof.
#[derive(Clone, Debug)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

/// An unsigned 64-bit number, decimal text in JSON because JavaScript's numbers end at 2^53.
pub mod decimal {
    use super::*;

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }
}
