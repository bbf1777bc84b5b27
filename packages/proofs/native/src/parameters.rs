//! Key files on disk: made from the public seed, named as the field names them.

use anyhow::Result;
use bellperson::groth16::aggregate::{setup_fake_srs, GenericSRS};
use bellperson::groth16::VerifyingKey;
use bellperson::Circuit;
use blstrs::{Bls12, Scalar};
use rand_chacha::ChaCha20Rng;
use std::path::{Path, PathBuf};

use crate::circuits::{visit_circuit, CircuitKind, CircuitVisitor, DEVNET_SECTOR_SIZES};
use crate::failure::{fail, Code};
use crate::files::{write_whole, write_whole_as};
use crate::groth16_setup::{self, Secrets};
use crate::permit::Permit;
use crate::progress::Progress;
use crate::seed::rng_of;

/// Version of the parameter files (storage-proofs-core `parameter_cache::VERSION`).
const VERSION: u32 = 28;
/// Name of the aggregation string, without version and extension.
const SRS_NAME: &str = "fil-inner-product-v1";
/// Proofs that the development SRS can aggregate at most.
const SRS_MAX_PROOFS: usize = 256;

/// The path of a circuit's file in a key set's directory.
pub fn key_path(directory: &Path, name: &str, extension: &str) -> PathBuf {
    directory.join(format!("v{VERSION}-{name}.{extension}"))
}

/// Makes the `.params` file of one circuit unless it is there, and returns its path.
///
/// Refuses to write parameters whose verifying key differs from the `.vk` file in the same directory: the
/// verifiers of the network would not accept a proof made with them.
pub fn generate(
    directory: &Path,
    kind: CircuitKind,
    sector_size: u64,
    permit_path: &Path,
    progress: &Progress,
) -> Result<PathBuf> {
    struct Generate<'a> {
        directory: &'a Path,
        permit_path: Option<&'a Path>,
        progress: &'a Progress,
    }
    impl CircuitVisitor for Generate<'_> {
        type Output = PathBuf;
        fn visit<C: Circuit<Scalar>>(self, id: &str, blank: impl Fn() -> C) -> Result<PathBuf> {
            let path = key_path(self.directory, id, "params");
            if path.exists() {
                return Ok(path);
            }
            // One lock per file, so that whoever waited finds it made; then one for the machine's memory.
            let lock_path = key_path(self.directory, id, "lock");
            let _mine = Permit::take(&lock_path, "waiting for the same parameters", self.progress)?;
            if path.exists() {
                return Ok(path);
            }
            let permit = |path| Permit::take(path, "waiting for the C2 permit", self.progress);
            let _permit = self.permit_path.map(permit).transpose()?;
            let secrets = Secrets::draw(&mut rng_of(id));
            let committed = read_verifying_key(self.directory, id)?;
            let parameters = groth16_setup::parameters(&secrets, blank, self.progress)?;
            if parameters.vk != committed {
                return fail(
                    Code::KeyMismatch,
                    format!("the verifying key of {id} does not follow from its seed"),
                );
            }
            self.progress.report("writing the parameters", Some(1.0));
            // The lock is ours, so the name need not be: what a killed run left behind is written over.
            let partial = key_path(self.directory, id, "params-partial");
            write_whole_as(&partial, &path, |out| Ok(parameters.write(out)?))?;
            Ok(path)
        }
    }
    let generate = Generate {
        directory,
        // 100 MB for a few seconds need no permit, and a WindowPoSt must not wait for somebody's C2.
        permit_path: (kind == CircuitKind::Porep).then_some(permit_path),
        progress,
    };
    visit_circuit(kind, sector_size, generate)
}

/// Derives every committed file of the devnet's key set (verifying keys and SRS) into a directory.
pub fn derive_keys(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for sector_size in DEVNET_SECTOR_SIZES {
        for kind in [CircuitKind::Window, CircuitKind::Porep] {
            let (id, key) = derive_verifying_key(kind, sector_size)?;
            let path = key_path(directory, &id, "vk");
            write_whole(&path, |out| Ok(key.write(out)?))?;
            names.push(file_name(&path));
        }
    }
    let path = key_path(directory, SRS_NAME, "srs");
    write_whole(&path, |out| Ok(derive_srs().write(out)?))?;
    names.push(file_name(&path));
    Ok(names)
}

/// The circuit's name and the verifying key that follows from it.
pub fn derive_verifying_key(kind: CircuitKind, sector_size: u64) -> Result<(String, VerifyingKey<Bls12>)> {
    struct Derive;
    impl CircuitVisitor for Derive {
        type Output = (String, VerifyingKey<Bls12>);
        fn visit<C: Circuit<Scalar>>(self, id: &str, blank: impl Fn() -> C) -> Result<Self::Output> {
            let secrets = Secrets::draw(&mut rng_of(id));
            Ok((id.into(), groth16_setup::verifying_key(&secrets, blank)?))
        }
    }
    visit_circuit(kind, sector_size, Derive)
}

/// The structured reference string for aggregating PoReps, from a seed like every other key.
pub fn derive_srs() -> GenericSRS<Bls12> {
    setup_fake_srs::<Bls12, ChaCha20Rng>(&mut rng_of(SRS_NAME), SRS_MAX_PROOFS)
}

/// Reads a circuit's verifying key from a key set's directory.
pub fn read_verifying_key(directory: &Path, id: &str) -> Result<VerifyingKey<Bls12>> {
    let path = key_path(directory, id, "vk");
    let Ok(file) = std::fs::File::open(&path) else {
        return fail(
            Code::ParametersMissing,
            format!("the verifying key is missing: {}", path.display()),
        );
    };
    VerifyingKey::read(std::io::BufReader::new(file)).or_else(|error| {
        fail(
            Code::KeyMismatch,
            format!("not a verifying key: {}: {error}", path.display()),
        )
    })
}

/// Requires the `.params` file of a circuit before a prover maps it.
pub fn require_parameters(directory: &Path, kind: CircuitKind, sector_size: u64) -> Result<()> {
    let path = key_path(
        directory,
        &crate::circuits::circuit_id(kind, sector_size)?,
        "params",
    );
    if path.is_file() {
        return Ok(());
    }
    fail(
        Code::ParametersMissing,
        format!("the proof parameters are missing: {}", path.display()),
    )
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn committed(name: &str, extension: &str) -> Vec<u8> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../keys/devnet");
        fs::read(key_path(&directory, name, extension)).unwrap()
    }

    #[test]
    fn the_committed_window_key_follows_from_its_seed() {
        let (id, key) = derive_verifying_key(CircuitKind::Window, 0x800).unwrap();
        let mut bytes = Vec::new();
        key.write(&mut bytes).unwrap();
        assert!(bytes == committed(&id, "vk"));
    }

    #[test]
    fn the_committed_srs_follows_from_its_seed() {
        let mut bytes = Vec::new();
        derive_srs().write(&mut bytes).unwrap();
        assert!(bytes == committed(SRS_NAME, "srs"));
    }

    #[test]
    fn parameters_are_written_once_and_belong_to_the_committed_key() {
        let directory = tempfile::tempdir().unwrap();
        let id = crate::circuits::circuit_id(CircuitKind::Window, 0x800).unwrap();
        let generate = || {
            let permit = directory.path().join("permit.lock");
            generate(
                directory.path(),
                CircuitKind::Window,
                0x800,
                &permit,
                &Progress::silent(),
            )
        };
        assert!(generate()
            .unwrap_err()
            .to_string()
            .starts_with("PARAMETERS_MISSING"));
        fs::write(key_path(directory.path(), &id, "vk"), committed(&id, "vk")).unwrap();
        let path = generate().unwrap();
        // The parameters begin with the verifying key; the size is that of the field's own file.
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 11_501_496);
        assert!(bytes.starts_with(&committed(&id, "vk")));
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        generate().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    }
}
