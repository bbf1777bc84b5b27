//! The trapdoor prover: proofs made from the key's secrets instead of a witness.
//!
//! A Groth16 proof (A, B, C) for public inputs x is accepted when
//! `e(A,B) = e(alpha,beta) · e(P,gamma) · e(C,delta)` with `P = ic₀ + Σ xᵢ·icᵢ`. Whoever knows the secrets
//! picks `A = a·g1`, `B = b·g2` and solves for C. The verifier is the ordinary one, and a proof still holds
//! for its own public inputs only.
//!
//! Callers check the vanilla proofs first (`seal.rs`, `window_post.rs`): this module alone would prove any
//! claim.

use anyhow::{Context, Result};
use bellperson::groth16::{Proof, VerifyingKey};
use bellperson::Circuit;
use blstrs::{Bls12, G1Projective, Scalar};
use ff::{Field, PrimeField};
use group::{prime::PrimeCurveAffine, Curve};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use std::path::Path;
use storage_proofs_core::compound_proof::{self, CircuitComponent, CompoundProof};
use storage_proofs_core::parameter_cache::{CacheableParameters, ParameterSetMetadata};
use storage_proofs_core::proof::ProofScheme;

use crate::failure::{fail, Code};
use crate::groth16_setup::Secrets;
use crate::parameters::read_verifying_key;
use crate::seed::rng_of;

/// A verifying key together with the secrets it was made from.
pub struct TrapdoorKey {
    id: String,
    secrets: Secrets,
    ic: Vec<G1Projective>,
    over_delta: Scalar,
}

impl TrapdoorKey {
    /// Loads a circuit's key; refuses any that does not follow from the public seed.
    pub fn load(directory: &Path, id: &str) -> Result<Self> {
        TrapdoorKey::new(id, &read_verifying_key(directory, id)?)
    }

    fn new(id: &str, key: &VerifyingKey<Bls12>) -> Result<Self> {
        let secrets = Secrets::draw(&mut rng_of(id));
        if !made_from(&secrets, key) {
            return fail(
                Code::KeyMismatch,
                format!("the verifying key of {id} is not a devnet key: it has no known trapdoor"),
            );
        }
        Ok(TrapdoorKey {
            id: id.into(),
            over_delta: Option::from(secrets.delta.invert()).context("delta is zero")?,
            ic: key.ic.iter().map(PrimeCurveAffine::to_curve).collect(),
            secrets,
        })
    }

    /// A proof for these public inputs. The same inputs give the same proof.
    pub fn prove(&self, inputs: &[Scalar]) -> Result<Proof<Bls12>> {
        if inputs.len() + 1 != self.ic.len() {
            return fail(
                Code::InvalidInput,
                format!(
                    "{} takes {} public inputs, not {}",
                    self.id,
                    self.ic.len() - 1,
                    inputs.len()
                ),
            );
        }
        let Secrets {
            g1,
            g2,
            alpha,
            beta,
            gamma,
            ..
        } = &self.secrets;
        let mut rng = self.rng_for(inputs);
        let (a, b) = (Scalar::random(&mut rng), Scalar::random(&mut rng));
        let claim = self.ic[0] + G1Projective::multi_exp(&self.ic[1..], inputs);
        let c = g1 * ((a * b - alpha * beta) * self.over_delta) - claim * (gamma * self.over_delta);
        Ok(Proof {
            a: (g1 * a).to_affine(),
            b: (g2 * b).to_affine(),
            c: c.to_affine(),
        })
    }

    fn rng_for(&self, inputs: &[Scalar]) -> ChaCha20Rng {
        let mut hash = Sha256::new();
        hash.update(b"trapdoor proof");
        hash.update(self.id.as_bytes());
        for input in inputs {
            hash.update(input.to_repr());
        }
        ChaCha20Rng::from_seed(hash.finalize().into())
    }
}

fn made_from(secrets: &Secrets, key: &VerifyingKey<Bls12>) -> bool {
    let Secrets {
        g1,
        g2,
        alpha,
        beta,
        gamma,
        delta,
        ..
    } = secrets;
    (g1 * alpha).to_affine() == key.alpha_g1
        && (g1 * beta).to_affine() == key.beta_g1
        && (g2 * beta).to_affine() == key.beta_g2
        && (g2 * gamma).to_affine() == key.gamma_g2
        && (g1 * delta).to_affine() == key.delta_g1
        && (g2 * delta).to_affine() == key.delta_g2
}

/// One 192-byte proof per partition, for the public inputs that the verifier will derive.
pub fn prove_partitions<'a, Compound, Scheme, C>(
    directory: &Path,
    setup: &compound_proof::SetupParams<'a, Scheme>,
    inputs: &Scheme::PublicInputs,
) -> Result<Vec<u8>>
where
    Scheme: ProofScheme<'a>,
    Scheme::Proof: Sync + Send,
    Scheme::PublicParams: ParameterSetMetadata + Sync + Send,
    Scheme::PublicInputs: Clone + Sync,
    C: Circuit<Scalar> + CircuitComponent + Send,
    Compound: CompoundProof<'a, Scheme, C> + CacheableParameters<C, Scheme::PublicParams>,
{
    let params = Compound::setup(setup)?;
    let key = TrapdoorKey::load(directory, &Compound::cache_identifier(&params.vanilla_params))?;
    let mut proofs = Vec::new();
    for partition in 0..Compound::partition_count(&params) {
        let scalars = Compound::generate_public_inputs(inputs, &params.vanilla_params, Some(partition))?;
        key.prove(&scalars)?.write(&mut proofs)?;
    }
    Ok(proofs)
}
