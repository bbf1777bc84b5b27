//! Groth16 key generation for large circuits, from a reproducible random stream.
//!
//! It draws from the stream in the same order as bellperson's `generate_random_parameters` and computes the
//! same values, so the result is bit for bit the same. It is about five times cheaper: the circuit is
//! synthesized twice (first only to count) instead of being kept as a matrix, the evaluations come from a
//! closed form of the Lagrange basis instead of FFTs, and all points are multiples of two generators, for
//! which fixed-base tables pay off.

use anyhow::{bail, Context, Result};
use bellperson::groth16::{Parameters, VerifyingKey};
use bellperson::{Circuit, ConstraintSystem, Index, LinearCombination, SynthesisError, Variable};
use blstrs::{Bls12, G1Affine, G1Projective, G2Projective, Scalar};
use ff::{Field, PrimeField};
use group::{prime::PrimeCurveAffine, Curve, Group};
use rand::RngCore;
use rayon::prelude::*;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::progress::Progress;

/// The secrets behind a key. Whoever knows them can prove anything.
pub struct Secrets {
    pub g1: G1Projective,
    pub g2: G2Projective,
    pub alpha: Scalar,
    pub beta: Scalar,
    pub gamma: Scalar,
    pub delta: Scalar,
    pub tau: Scalar,
}

impl Secrets {
    /// Draws in bellperson's order: g1, g2, alpha, beta, gamma, delta, tau.
    pub fn draw(rng: &mut impl RngCore) -> Self {
        Secrets {
            g1: G1Projective::random(&mut *rng),
            g2: G2Projective::random(&mut *rng),
            alpha: Scalar::random(&mut *rng),
            beta: Scalar::random(&mut *rng),
            gamma: Scalar::random(&mut *rng),
            delta: Scalar::random(&mut *rng),
            tau: Scalar::random(&mut *rng),
        }
    }

    fn verifying_key(&self, ic: Vec<G1Affine>) -> VerifyingKey<Bls12> {
        let in_g1 = |scalar: Scalar| (self.g1 * scalar).to_affine();
        let in_g2 = |scalar: Scalar| (self.g2 * scalar).to_affine();
        VerifyingKey {
            alpha_g1: in_g1(self.alpha),
            beta_g1: in_g1(self.beta),
            beta_g2: in_g2(self.beta),
            gamma_g2: in_g2(self.gamma),
            delta_g1: in_g1(self.delta),
            delta_g2: in_g2(self.delta),
            ic,
        }
    }
}

/// The whole key. Costs minutes of CPU and about 1.2 GB for a PoRep circuit.
pub fn parameters<C: Circuit<Scalar>>(
    secrets: &Secrets,
    blank: impl Fn() -> C,
    progress: &Progress,
) -> Result<Parameters<Bls12>> {
    progress.report("reading the circuit", Some(0.0));
    let polynomials = Polynomials::evaluate(secrets, &blank)?;
    progress.report("computing the key", Some(SYNTHESIS_SHARE));

    let Polynomials { domain, inputs, aux } = polynomials;
    let over_gamma = inverse(secrets.gamma)?;
    let over_delta = inverse(secrets.delta)?;
    let ic_scalars = inputs.combined(secrets, over_gamma);
    let l_scalars = aux.combined(secrets, over_delta);
    if l_scalars.contains(&Scalar::ZERO) {
        bail!("the circuit has an unconstrained variable");
    }
    let a_scalars = non_zero(&inputs.a, &aux.a);
    let b_scalars = non_zero(&inputs.b, &aux.b);
    drop((inputs, aux));

    let g1_points = ic_scalars.len() + l_scalars.len() + a_scalars.len() + b_scalars.len() + domain.size;
    let meter = Meter::new(g1_points as u64, b_scalars.len() as u64, progress);
    let g1_table = FixedBase::new(secrets.g1, G1_WINDOW_BITS);
    let ic = g1_table.multiply_all(&ic_scalars, &meter, G1_WEIGHT);
    let l = g1_table.multiply_all(&l_scalars, &meter, G1_WEIGHT);
    drop(l_scalars);
    let a = g1_table.multiply_all(&a_scalars, &meter, G1_WEIGHT);
    drop(a_scalars);
    let b_g1 = g1_table.multiply_all(&b_scalars, &meter, G1_WEIGHT);
    let b_g2 = FixedBase::new(secrets.g2, G2_WINDOW_BITS).multiply_all(&b_scalars, &meter, G2_WEIGHT);
    drop(b_scalars);

    // h: tau^i * t(tau) / delta for i below the domain's size minus one.
    let mut h_scalars = powers(secrets.tau, domain.size - 1);
    let factor = domain.vanishing_at_tau * over_delta;
    h_scalars.par_iter_mut().for_each(|power| *power *= factor);
    let h = g1_table.multiply_all(&h_scalars, &meter, G1_WEIGHT);

    Ok(Parameters {
        vk: secrets.verifying_key(ic),
        h: Arc::new(h),
        l: Arc::new(l),
        a: Arc::new(a),
        b_g1: Arc::new(b_g1),
        b_g2: Arc::new(b_g2),
    })
}

/// Only the verifying key: the same bytes as in [`parameters`], for two seconds of CPU.
pub fn verifying_key<C: Circuit<Scalar>>(
    secrets: &Secrets,
    blank: impl Fn() -> C,
) -> Result<VerifyingKey<Bls12>> {
    let polynomials = Polynomials::evaluate(secrets, &blank)?;
    let scalars = polynomials.inputs.combined(secrets, inverse(secrets.gamma)?);
    let ic = scalars
        .iter()
        .map(|scalar| (secrets.g1 * scalar).to_affine())
        .collect();
    Ok(secrets.verifying_key(ic))
}

/// Share of a run that the two syntheses take, from measured PoRep runs (2KiB and 8MiB).
const SYNTHESIS_SHARE: f64 = 0.05;
/// Cost of one fixed-base multiplication, relative to G1.
const G1_WEIGHT: u64 = 1;
const G2_WEIGHT: u64 = 3;
/// Table widths: wide enough to be quick, small enough to stay in cache.
const G1_WINDOW_BITS: usize = 12;
const G2_WINDOW_BITS: usize = 11;

fn inverse(scalar: Scalar) -> Result<Scalar> {
    Option::from(scalar.invert()).context("a secret is zero")
}

fn non_zero(inputs: &[Scalar], aux: &[Scalar]) -> Vec<Scalar> {
    let both = inputs.iter().chain(aux);
    both.copied().filter(|scalar| *scalar != Scalar::ZERO).collect()
}

/// `base^0, base^1, … base^(count-1)`, in parallel.
fn powers(base: Scalar, count: usize) -> Vec<Scalar> {
    const CHUNK: usize = 1 << 14;
    let mut all = vec![Scalar::ZERO; count];
    all.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
        let mut power = base.pow_vartime([(index * CHUNK) as u64]);
        for slot in chunk {
            *slot = power;
            power *= base;
        }
    });
    all
}

/// The evaluation domain: the roots of unity of the next power of two above the constraint count.
struct Domain {
    size: usize,
    /// t(tau) = tau^size − 1.
    vanishing_at_tau: Scalar,
}

impl Domain {
    fn new(constraints: usize, tau: Scalar) -> Self {
        let size = constraints.next_power_of_two();
        Domain {
            size,
            vanishing_at_tau: tau.pow_vartime([size as u64]) - Scalar::ONE,
        }
    }

    /// Every Lagrange polynomial of the domain at tau: `L_j(tau) = t(tau)/size · w^j / (tau − w^j)`.
    fn lagrange_at(&self, tau: Scalar) -> Result<Vec<Scalar>> {
        const CHUNK: usize = 1 << 13;
        let mut root = Scalar::ROOT_OF_UNITY;
        for _ in self.size.trailing_zeros()..Scalar::S {
            root = root.square();
        }
        let scale = self.vanishing_at_tau * inverse(Scalar::from(self.size as u64))?;
        let mut basis = powers(root, self.size);
        basis.par_chunks_mut(CHUNK).try_for_each(|chunk| -> Result<()> {
            // One inversion per chunk: invert the product of all differences, then peel them off.
            let differences: Vec<Scalar> = chunk.iter().map(|power| tau - power).collect();
            let mut product = Scalar::ONE;
            let before: Vec<Scalar> = differences
                .iter()
                .map(|difference| {
                    let so_far = product;
                    product *= difference;
                    so_far
                })
                .collect();
            let mut rest = inverse(product)?;
            for index in (0..chunk.len()).rev() {
                chunk[index] *= scale * rest * before[index];
                rest *= differences[index];
            }
            Ok(())
        })?;
        Ok(basis)
    }
}

/// The A, B and C polynomials of a group of variables, evaluated at tau.
struct Evaluations {
    a: Vec<Scalar>,
    b: Vec<Scalar>,
    c: Vec<Scalar>,
}

impl Evaluations {
    fn zero(variables: usize) -> Self {
        Evaluations {
            a: vec![Scalar::ZERO; variables],
            b: vec![Scalar::ZERO; variables],
            c: vec![Scalar::ZERO; variables],
        }
    }

    /// `(beta·A + alpha·B + C) · factor` of every variable.
    fn combined(&self, secrets: &Secrets, factor: Scalar) -> Vec<Scalar> {
        (0..self.a.len())
            .into_par_iter()
            .map(|i| (self.a[i] * secrets.beta + self.b[i] * secrets.alpha + self.c[i]) * factor)
            .collect()
    }
}

/// What is left of a circuit once tau is known.
struct Polynomials {
    domain: Domain,
    inputs: Evaluations,
    aux: Evaluations,
}

impl Polynomials {
    fn evaluate<C: Circuit<Scalar>>(secrets: &Secrets, blank: &impl Fn() -> C) -> Result<Self> {
        let mut counted = Assembly::counting();
        counted.synthesize(blank())?;
        let domain = Domain::new(counted.constraints, secrets.tau);
        let mut assembly = Assembly {
            basis: domain.lagrange_at(secrets.tau)?,
            input_evaluations: Evaluations::zero(counted.inputs),
            aux_evaluations: Evaluations::zero(counted.aux),
            ..Assembly::counting()
        };
        assembly.synthesize(blank())?;
        Ok(Polynomials {
            domain,
            inputs: assembly.input_evaluations,
            aux: assembly.aux_evaluations,
        })
    }
}

/// A constraint system that keeps no constraint: it counts, and adds each to the evaluations at tau.
struct Assembly {
    inputs: usize,
    aux: usize,
    constraints: usize,
    /// Empty while only counting.
    basis: Vec<Scalar>,
    input_evaluations: Evaluations,
    aux_evaluations: Evaluations,
}

impl Assembly {
    fn counting() -> Self {
        Assembly {
            inputs: 0,
            aux: 0,
            constraints: 0,
            basis: Vec::new(),
            input_evaluations: Evaluations::zero(0),
            aux_evaluations: Evaluations::zero(0),
        }
    }

    /// As bellperson does: the constant one is input 0, and each input gets a constraint of its own so
    /// that the input polynomials are independent.
    fn synthesize<C: Circuit<Scalar>>(&mut self, circuit: C) -> Result<()> {
        self.alloc_input(|| "", || Ok(Scalar::ONE))?;
        circuit.synthesize(self)?;
        for index in 0..self.inputs {
            let input = Variable(Index::Input(index));
            self.enforce(|| "", |sum| sum + input, |sum| sum, |sum| sum);
        }
        Ok(())
    }
}

impl ConstraintSystem<Scalar> for Assembly {
    type Root = Self;

    fn new() -> Self {
        Assembly::counting()
    }

    fn alloc<F, A, AR>(&mut self, _name: A, _value: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.aux += 1;
        Ok(Variable(Index::Aux(self.aux - 1)))
    }

    fn alloc_input<F, A, AR>(&mut self, _name: A, _value: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.inputs += 1;
        Ok(Variable(Index::Input(self.inputs - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _name: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        if let Some(weight) = self.basis.get(self.constraints).copied() {
            let Evaluations { a: ia, b: ib, c: ic } = &mut self.input_evaluations;
            let Evaluations { a: xa, b: xb, c: xc } = &mut self.aux_evaluations;
            accumulate(&a(LinearCombination::zero()), ia, xa, weight);
            accumulate(&b(LinearCombination::zero()), ib, xb, weight);
            accumulate(&c(LinearCombination::zero()), ic, xc, weight);
        }
        self.constraints += 1;
    }

    fn push_namespace<NR, N>(&mut self, _name: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self {
        self
    }
}

fn accumulate(sum: &LinearCombination<Scalar>, inputs: &mut [Scalar], aux: &mut [Scalar], weight: Scalar) {
    for (variable, coefficient) in sum.iter() {
        let slot = match variable {
            Variable(Index::Input(index)) => &mut inputs[index],
            Variable(Index::Aux(index)) => &mut aux[index],
        };
        // Most coefficients are one; skipping that multiplication is a third of the synthesis.
        *slot += if *coefficient == Scalar::ONE {
            weight
        } else {
            *coefficient * weight
        };
    }
}

/// Multiples of one point, in windows of `bits` bits: a multiplication is one addition per window.
struct FixedBase<P: Curve> {
    bits: usize,
    windows: Vec<Vec<P::AffineRepr>>,
}

impl<P> FixedBase<P>
where
    P: Curve + Group + for<'a> AddAssign<&'a P::AffineRepr> + Send + Sync,
    P::AffineRepr: PrimeCurveAffine<Curve = P> + Send + Sync + Copy,
{
    fn new(base: P, bits: usize) -> Self {
        let mut window_base = base;
        let bases: Vec<P> = (0..(Scalar::NUM_BITS as usize).div_ceil(bits))
            .map(|_| {
                let this = window_base;
                for _ in 0..bits {
                    window_base = window_base.double();
                }
                this
            })
            .collect();
        let windows = bases
            .par_iter()
            .map(|base| {
                let mut multiple = P::identity();
                let mut multiples = Vec::with_capacity(1 << bits);
                for _ in 0..1 << bits {
                    multiples.push(multiple);
                    multiple += *base;
                }
                let mut affine = vec![P::AffineRepr::identity(); multiples.len()];
                P::batch_normalize(&multiples, &mut affine);
                affine
            })
            .collect();
        FixedBase { bits, windows }
    }

    fn multiply(&self, scalar: &Scalar) -> P {
        let bytes = scalar.to_bytes_le();
        let mut sum = P::identity();
        for (index, window) in self.windows.iter().enumerate() {
            let digit = bits_at(&bytes, index * self.bits, self.bits);
            if digit != 0 {
                sum += &window[digit];
            }
        }
        sum
    }

    fn multiply_all(&self, scalars: &[Scalar], meter: &Meter, weight: u64) -> Vec<P::AffineRepr> {
        const CHUNK: usize = 2048;
        let mut points = vec![P::AffineRepr::identity(); scalars.len()];
        points
            .par_chunks_mut(CHUNK)
            .zip(scalars.par_chunks(CHUNK))
            .for_each(|(points, scalars)| {
                let products: Vec<P> = scalars.iter().map(|scalar| self.multiply(scalar)).collect();
                P::batch_normalize(&products, points);
                meter.advance(scalars.len() as u64 * weight);
            });
        points
    }
}

/// `count` (at most 24) bits of a little-endian number, from bit `start`.
fn bits_at(bytes: &[u8; 32], start: usize, count: usize) -> usize {
    let first = start / 8;
    let mut word = 0u32;
    for (shift, byte) in bytes[first..].iter().take(4).enumerate() {
        word |= u32::from(*byte) << (8 * shift);
    }
    (word >> (start % 8)) as usize & ((1 << count) - 1)
}

/// Counts finished work and reports each further percent once.
struct Meter<'a> {
    total: u64,
    done: AtomicU64,
    progress: &'a Progress,
}

impl<'a> Meter<'a> {
    fn new(g1_points: u64, g2_points: u64, progress: &'a Progress) -> Self {
        Meter {
            total: (g1_points * G1_WEIGHT + g2_points * G2_WEIGHT).max(1),
            done: AtomicU64::new(0),
            progress,
        }
    }

    fn advance(&self, work: u64) {
        let before = self.done.fetch_add(work, Ordering::Relaxed);
        let after = before + work;
        if before * 100 / self.total != after * 100 / self.total {
            let share = (after as f64 / self.total as f64).min(1.0);
            let fraction = SYNTHESIS_SHARE + (1.0 - SYNTHESIS_SHARE) * share;
            self.progress.report("computing the key", Some(fraction));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::rng_of;
    use bellperson::groth16::generate_random_parameters;

    /// x·x = y, y·x = z with public z, a few times over: enough for every kind of variable.
    struct Cubes;

    impl Circuit<Scalar> for Cubes {
        fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
            for round in 0..5 {
                let missing = || Err(SynthesisError::AssignmentMissing);
                let x = cs.alloc(|| format!("x{round}"), missing)?;
                let y = cs.alloc(|| format!("y{round}"), missing)?;
                let z = cs.alloc_input(|| format!("z{round}"), missing)?;
                let five = Scalar::from(5);
                cs.enforce(|| "square", |sum| sum + x, |sum| sum + x, |sum| sum + y);
                cs.enforce(|| "cube", |sum| sum + (five, y), |sum| sum + x, |sum| sum + z);
            }
            Ok(())
        }
    }

    #[test]
    fn the_key_is_bit_for_bit_bellpersons() {
        let theirs: Parameters<Bls12> = generate_random_parameters(Cubes, &mut rng_of("cubes")).unwrap();
        let secrets = Secrets::draw(&mut rng_of("cubes"));
        let ours = parameters(&secrets, || Cubes, &Progress::silent()).unwrap();
        assert!(ours == theirs);
        assert!(verifying_key(&secrets, || Cubes).unwrap() == theirs.vk);
    }

    #[test]
    fn bits_are_read_across_bytes() {
        let mut bytes = [0; 32];
        bytes[1] = 0xf0;
        bytes[2] = 0x0a;
        assert_eq!(bits_at(&bytes, 12, 8), 0xaf);
        assert_eq!(bits_at(&bytes, 252, 12), 0);
    }
}
