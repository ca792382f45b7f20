//! Finished latents: what a picture is before it is decoded, and in a file of its own.

use std::path::Path;

use super::super::error::DiffusionError;
use super::super::weights::open_with_note;
use super::Pipeline;
use super::decode::Planes;
use crate::safetensors;

/// The tensor's name in a file.
const NAME: &str = "latents";

/// No picture is larger, in latents.
const MAX_LATENTS: usize = 1 << 24;

/// Finished latents, scaled as the UNet has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Latents(pub(crate) Planes);

impl Latents {
    /// The bytes of a safetensors file with them, `[1, c, h, w]`, and a note.
    pub fn to_file(&self, note: &str) -> Vec<u8> {
        let [channels, height, width] = self.0.shape;
        safetensors::file_of(NAME, &[1, channels, height, width], &self.0.numbers, note)
    }

    /// From a file, with its note.
    ///
    /// # Errors
    /// If it can't be read, or has no latents.
    pub fn read(path: &Path) -> Result<(Self, Option<String>), DiffusionError> {
        let (dict, note) = open_with_note(path)?;
        let none = |what: &str| DiffusionError::malformed(path, what);
        let tensor = dict.get(NAME).ok_or_else(|| none("it has no latents"))?;
        let &[1, channels, height, width] = tensor.shape() else {
            return Err(none("its latents are not those of one picture"));
        };
        let shape = [channels, height, width];
        let count = shape
            .iter()
            .try_fold(1_usize, |all, side| all.checked_mul(*side));
        if count.is_none_or(|count| count == 0 || count > MAX_LATENTS) {
            return Err(none("its latents are of no picture's size"));
        }
        let numbers = tensor.read()?;
        Ok((Self(Planes { numbers, shape }), note))
    }
}

impl Pipeline {
    /// Whether latents can be this model's.
    ///
    /// # Errors
    /// If they have another number of channels.
    pub(crate) fn fits(&self, latents: &Latents) -> Result<(), DiffusionError> {
        let [channels, ..] = latents.0.shape;
        let own = self.components.vae.config.latent_channels;
        if channels == own {
            Ok(())
        } else {
            Err(DiffusionError::Request(format!(
                "these latents have {channels} channels, and the model's have {own}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latents_survive_their_file_and_others_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.safetensors");
        let write = |bytes: &[u8]| std::fs::write(&path, bytes).expect("written");
        let latents = Latents(Planes {
            numbers: (0..24).map(|index| index as f32 / 7.0).collect(),
            shape: [4, 2, 3],
        });
        write(&latents.to_file("a note"));
        let (read, note) = Latents::read(&path).expect("as written");
        assert_eq!((read, note.as_deref()), (latents, Some("a note")));
        let refused = [
            (
                safetensors::file_of("other", &[1, 1, 1, 1], &[0.0], ""),
                "has no latents",
            ),
            (
                safetensors::file_of(NAME, &[1], &[0.0], ""),
                "of one picture",
            ),
            (
                safetensors::file_of(NAME, &[1, 0, 2, 2], &[], ""),
                "no picture's size",
            ),
        ];
        for (bytes, said) in refused {
            write(&bytes);
            let error = Latents::read(&path).expect_err(said).to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
