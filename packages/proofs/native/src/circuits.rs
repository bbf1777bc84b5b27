//! The circuits that the devnet has keys for, by their names in the parameter cache.

use anyhow::Result;
use bellperson::Circuit;
use blstrs::Scalar;
use filecoin_proofs::constants::{DefaultPieceHasher, SectorShape2KiB};
use filecoin_proofs::parameters::{public_params, window_post_public_params};
use filecoin_proofs::with_shape;
use serde::Deserialize;
use storage_proofs_core::compound_proof::CompoundProof;
use storage_proofs_core::merkle::MerkleTreeTrait;
use storage_proofs_core::parameter_cache::CacheableParameters;
use storage_proofs_porep::stacked::{StackedCircuit, StackedCompound, StackedDrg};
use storage_proofs_post::fallback::{FallbackPoSt, FallbackPoStCircuit, FallbackPoStCompound};

use crate::failure::{fail, Code};
use crate::proof_types::{seal_proof, window_post_proof};

/// The Merkle tree shape of every devnet sector size: 2KiB and 8MiB are both 8-0-0.
pub type DevnetTree = SectorShape2KiB;

/// Sector sizes with devnet keys, in bytes.
pub const DEVNET_SECTOR_SIZES: [u64; 2] = [0x800, 0x80_0000];

/// The two kinds of proof that a provider makes in its main job.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CircuitKind {
    Window,
    Porep,
}

/// A function over a circuit of whatever type: closures cannot be generic.
pub trait CircuitVisitor {
    type Output;

    /// `id` is the name in the parameter cache without `v28-`; `blank` builds the circuit without witness.
    fn visit<C: Circuit<Scalar>>(self, id: &str, blank: impl Fn() -> C) -> Result<Self::Output>;
}

/// Calls the visitor with the circuit of one proof kind at one sector size.
pub fn visit_circuit<V: CircuitVisitor>(
    kind: CircuitKind,
    sector_size: u64,
    visitor: V,
) -> Result<V::Output> {
    require_devnet_size(sector_size)?;
    match kind {
        CircuitKind::Porep => {
            type Compound = StackedCompound<DevnetTree, DefaultPieceHasher>;
            type Scheme = StackedDrg<'static, DevnetTree, DefaultPieceHasher>;
            type Porep = StackedCircuit<DevnetTree, DefaultPieceHasher>;
            let params = public_params::<DevnetTree>(&seal_proof(sector_size)?.as_v1_config())?;
            let id = <Compound as CacheableParameters<Porep, _>>::cache_identifier(&params);
            visitor.visit(&id, || {
                <Compound as CompoundProof<Scheme, Porep>>::blank_circuit(&params)
            })
        }
        CircuitKind::Window => {
            type Compound = FallbackPoStCompound<DevnetTree>;
            type Scheme = FallbackPoSt<'static, DevnetTree>;
            type Post = FallbackPoStCircuit<DevnetTree>;
            let config = window_post_proof(sector_size)?.as_v1_config();
            let params = window_post_public_params::<DevnetTree>(&config)?;
            let id = <Compound as CacheableParameters<Post, _>>::cache_identifier(&params);
            visitor.visit(&id, || {
                <Compound as CompoundProof<Scheme, Post>>::blank_circuit(&params)
            })
        }
    }
}

/// The circuit's name in the parameter cache, without `v28-` and extension, for every registered sector size.
pub fn circuit_id(kind: CircuitKind, sector_size: u64) -> Result<String> {
    // The macro panics on a size that nothing is registered for.
    seal_proof(sector_size)?;
    with_shape!(sector_size, circuit_id_of, kind, sector_size)
}

fn circuit_id_of<Tree: 'static + MerkleTreeTrait>(kind: CircuitKind, sector_size: u64) -> Result<String> {
    Ok(match kind {
        CircuitKind::Porep => {
            type Compound<T> = StackedCompound<T, DefaultPieceHasher>;
            type Porep<T> = StackedCircuit<T, DefaultPieceHasher>;
            let params = public_params::<Tree>(&seal_proof(sector_size)?.as_v1_config())?;
            <Compound<Tree> as CacheableParameters<Porep<Tree>, _>>::cache_identifier(&params)
        }
        CircuitKind::Window => {
            type Compound<T> = FallbackPoStCompound<T>;
            type Post<T> = FallbackPoStCircuit<T>;
            let config = window_post_proof(sector_size)?.as_v1_config();
            let params = window_post_public_params::<Tree>(&config)?;
            <Compound<Tree> as CacheableParameters<Post<Tree>, _>>::cache_identifier(&params)
        }
    })
}

/// Refuses sizes for which there is no devnet key.
pub fn require_devnet_size(sector_size: u64) -> Result<()> {
    if DEVNET_SECTOR_SIZES.contains(&sector_size) {
        return Ok(());
    }
    fail(
        Code::InvalidInput,
        format!("the devnet has no keys for sectors of {sector_size} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as in the parameters.json that Filecoin publishes.
    #[test]
    fn ids_are_those_of_the_field() {
        let id = |kind, size| circuit_id(kind, size).unwrap();
        let windows = [
            (0x800, "8-0-0-0170db1f"),
            (0x80_0000, "8-0-0-5294475d"),
            (0x2000_0000, "8-0-0-0cfb4f17"),
            (0x8_0000_0000, "8-8-0-0377ded6"),
            (0x10_0000_0000, "8-8-2-2627e400"),
        ];
        for (size, end) in windows {
            let begins = format!("proof-of-spacetime-fallback-merkletree-poseidon_hasher-{end}");
            let found = id(CircuitKind::Window, size);
            assert!(found.starts_with(&begins), "{size}: {found}");
        }
        let poreps = [
            (0x800, "8-0-0-sha256_hasher-032d3138"),
            (0x80_0000, "8-0-0-sha256_hasher-ecd68364"),
            (0x2000_0000, "8-0-0-sha256_hasher-6babf46c"),
            (0x8_0000_0000, "8-8-0-sha256_hasher-82a357d2"),
            (0x10_0000_0000, "8-8-2-sha256_hasher-96f1b4a0"),
        ];
        for (size, end) in poreps {
            let begins = format!("stacked-proof-of-replication-merkletree-poseidon_hasher-{end}");
            let found = id(CircuitKind::Porep, size);
            assert!(found.starts_with(&begins), "{size}: {found}");
        }
        assert!(circuit_id(CircuitKind::Porep, 4096).is_err());
    }
}
