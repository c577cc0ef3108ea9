//! Results as bytes: what a file of the cache on disk holds.
//!
//! Header: magic, version of the format, key, length and SHA-256 of the payload. Payload: the
//! outputs by slot, then what editors were shown; numbers little-endian, lists and texts with their
//! length before them. Tensors are float32, read back from their device and put back on it. What
//! only the host makes (models, conditionings, policies) has no form here. Decoding believes
//! nothing: it allocates no more than the bytes that are there, and ends in `None` for any that do
//! not fit.

use amdm::math::Tensor as _;
use amdm_diffusion::{Device, Dtype, Tensor};
use sha2::{Digest, Sha256};

use super::{Entry, Key};
use crate::value::{Object, Parts, Value};

/// First bytes of every file.
const MAGIC: &[u8; 8] = b"AMDMres\n";
/// Of this format.
const VERSION: u32 = 1;
/// Bytes before the payload.
pub(super) const HEADER: usize = 8 + 4 + 32 + 8 + 32;
/// Objects inside objects; as deep as values may be.
const DEPTH: usize = 32;
/// Extents of a tensor.
const RANK: usize = 16;

/// The bytes of a file; none where a value has no form, or where they are more than `limit`.
pub(super) fn encode(key: &Key, entry: &Entry, limit: u64) -> Option<Vec<u8>> {
    let mut writer = Writer { bytes: vec![0; HEADER], limit };
    writer.count(entry.outputs.len())?;
    for (slot, value) in &entry.outputs {
        writer.count(*slot)?;
        writer.value(value)?;
    }
    writer.count(entry.ui.len())?;
    entry.ui.iter().try_for_each(|ui| writer.text(&ui.to_string()))?;
    let Writer { mut bytes, .. } = writer;
    let (header, payload) = bytes.split_at_mut(HEADER);
    let length = (payload.len() as u64).to_le_bytes();
    let digest = Sha256::digest(&*payload);
    let parts: [&[u8]; 5] = [MAGIC, &VERSION.to_le_bytes(), &key.0, &length, &digest];
    header.copy_from_slice(&parts.concat());
    Some(bytes)
}

/// The result in a file of `key`; none where the bytes are anything else.
pub(super) fn decode(key: &Key, bytes: &[u8], device: &Device) -> Option<Entry> {
    let mut header = Reader { bytes, device };
    let known = header.take(8)? == MAGIC
        && header.take(4)? == VERSION.to_le_bytes()
        && header.take(32)? == key.0;
    let length = u64::from_le_bytes(header.take(8)?.try_into().ok()?);
    let digest = header.take(32)?;
    let payload = header.bytes;
    if !known || payload.len() as u64 != length || *Sha256::digest(payload) != *digest {
        return None;
    }
    read(payload, device)
}

fn read(payload: &[u8], device: &Device) -> Option<Entry> {
    let mut reader = Reader { bytes: payload, device };
    let outputs = reader.count()?;
    let outputs = (0..outputs)
        .map(|_| Some((usize::try_from(reader.number()?).ok()?, reader.value(0)?)))
        .collect::<Option<_>>()?;
    let ui = reader.count()?;
    let ui = (0..ui).map(|_| serde_json::from_str(reader.text()?).ok()).collect::<Option<_>>()?;
    reader.bytes.is_empty().then_some(Entry { outputs, ui })
}

struct Writer {
    bytes: Vec<u8>,
    limit: u64,
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        self.bytes.extend_from_slice(bytes);
        (self.bytes.len() as u64 <= self.limit).then_some(())
    }

    fn count(&mut self, count: usize) -> Option<()> {
        self.put(&u32::try_from(count).ok()?.to_le_bytes())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.count(text.len())?;
        self.put(text.as_bytes())
    }

    fn value(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::Boolean(value) => self.put(&[0, u8::from(*value)]),
            Value::Integer(value) => {
                self.put(&[1])?;
                self.put(&value.to_le_bytes())
            }
            Value::Float(value) => {
                self.put(&[2])?;
                self.put(&value.to_bits().to_le_bytes())
            }
            Value::Text(text) => {
                self.put(&[3])?;
                self.text(text)
            }
            Value::Json(text) => {
                self.put(&[4])?;
                self.text(text)
            }
            Value::Tensor(tensor) => self.tensor(tensor),
            Value::Object(object) => self.object(object),
        }
    }

    fn tensor(&mut self, tensor: &Tensor) -> Option<()> {
        let fits = (self.bytes.len() as u64).checked_add(tensor.bytes() as u64)? <= self.limit;
        if tensor.dtype() != Dtype::Float32 || !fits {
            return None;
        }
        self.put(&[5])?;
        let shape = tensor.shape();
        self.count(shape.len())?;
        shape.iter().try_for_each(|extent| self.put(&extent.to_le_bytes()))?;
        let values = tensor.to_f32().ok()?;
        self.bytes.reserve(values.len() * 4);
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        (self.bytes.len() as u64 <= self.limit).then_some(())
    }

    fn object(&mut self, object: &Object) -> Option<()> {
        match object.parts()? {
            Parts::Fields(fields) => {
                self.put(&[6])?;
                self.text(object.kind())?;
                self.count(fields.len())?;
                for (name, value) in fields {
                    self.text(name)?;
                    self.value(value)?;
                }
                Some(())
            }
            Parts::List(items) => {
                self.put(&[7])?;
                self.text(object.kind())?;
                self.count(items.len())?;
                items.iter().try_for_each(|item| self.object(item))
            }
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    device: &'a Device,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// The length of a list whose members take a byte each at least.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.bytes.len()).then_some(count)
    }

    fn text(&mut self) -> Option<&'a str> {
        let count = self.count()?;
        std::str::from_utf8(self.take(count)?).ok()
    }

    fn word(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let value = match self.take(1)?.first()? {
            0 => match self.take(1)? {
                [0] => Value::Boolean(false),
                [1] => Value::Boolean(true),
                _ => return None,
            },
            1 => Value::Integer(i64::from_le_bytes(self.word()?)),
            2 => Value::Float(f64::from_bits(u64::from_le_bytes(self.word()?))),
            3 => Value::Text(self.text()?.into()),
            4 => Value::Json(self.text()?.into()),
            5 => Value::Tensor(self.tensor()?),
            6 => Value::Object(self.fields(depth)?),
            7 => Value::Object(self.list(depth)?),
            _ => return None,
        };
        Some(value)
    }

    fn tensor(&mut self) -> Option<Tensor> {
        let rank = self.count().filter(|rank| *rank <= RANK)?;
        let shape = (0..rank).map(|_| self.number()).collect::<Option<Vec<_>>>()?;
        let product = |product: usize, extent: &u32| product.checked_mul(*extent as usize);
        let count = shape.iter().try_fold(1_usize, product)?;
        let (words, _) = self.take(count.checked_mul(4)?)?.as_chunks::<4>();
        let values = words.iter().map(|word| f32::from_le_bytes(*word)).collect::<Vec<_>>();
        Tensor::from_f32(self.device, &shape, values).ok()
    }

    fn fields(&mut self, depth: usize) -> Option<Object> {
        let (kind, count) = (self.text()?, self.count()?);
        let depth = Some(depth + 1).filter(|depth| *depth <= DEPTH)?;
        let field = |_| Some((self.text()?.to_owned(), self.value(depth)?));
        let fields = (0..count).map(field).collect::<Option<_>>()?;
        Object::fields(kind, fields).ok()
    }

    fn list(&mut self, depth: usize) -> Option<Object> {
        let (kind, count) = (self.text()?, self.count()?);
        let depth = Some(depth + 1).filter(|depth| *depth <= DEPTH)?;
        let item = |_| match self.value(depth)? {
            Value::Object(object) => Some(object),
            _ => None,
        };
        let items = (0..count).map(item).collect::<Option<_>>()?;
        Object::list(kind, items).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use amdm_diffusion::{Device, Tensor};

    use super::{Entry, HEADER, Key, decode, encode, read};
    use crate::value::{Object, Value};

    const KEY: Key = Key([7; 32]);

    fn sample(device: &Device) -> Entry {
        let numbers = vec![1.0, -0.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE / 2.0, 3.5];
        let tensor = Value::Tensor(Tensor::from_f32(device, &[1, 2, 3], numbers).unwrap());
        let fields = vec![
            ("samples".into(), tensor.clone()),
            ("space".into(), Value::Text("tiny".into())),
            ("json".into(), Value::Json("[1]".into())),
        ];
        let one = Object::fields("LATENT", fields).unwrap();
        let list = one.append(&Object::fields("LATENT", Vec::new()).unwrap()).unwrap();
        let outer = Object::fields("OUTER", vec![("list".into(), Value::Object(list))]).unwrap();
        let outputs = vec![
            (0, tensor),
            (2, Value::Object(outer)),
            (3, Value::Boolean(true)),
            (4, Value::Integer(i64::MIN)),
            (5, Value::Float(-0.0)),
        ];
        Entry { outputs, ui: vec![serde_json::json!({"seeds": [1, 2]})] }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let device = Device::cpu(1).unwrap();
        let bytes = encode(&KEY, &sample(&device), 1 << 20).unwrap();
        let entry = decode(&KEY, &bytes, &device).unwrap();
        assert_eq!(encode(&KEY, &entry, 1 << 20).unwrap(), bytes);
        assert_eq!(entry.outputs.len(), 5);
        assert!(decode(&Key([8; 32]), &bytes, &device).is_none());
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_found() {
        let device = Device::cpu(1).unwrap();
        let bytes = encode(&KEY, &sample(&device), 1 << 20).unwrap();
        for end in 0..bytes.len() {
            assert!(decode(&KEY, &bytes[..end], &device).is_none(), "cut at {end}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                assert!(decode(&KEY, &bytes, &device).is_none(), "byte {at}, bit {bit}");
            }
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(decode(&KEY, &longer, &device).is_none());
    }

    /// A payload whose checksum is right may still be anybody's.
    #[test]
    fn hostile_payloads_end_in_nothing_or_a_value() {
        let device = Device::cpu(1).unwrap();
        let payload = encode(&KEY, &sample(&device), 1 << 20).unwrap().split_off(HEADER);
        for end in 0..payload.len() {
            assert!(read(&payload[..end], &device).is_none(), "cut at {end}");
        }
        for at in 0..payload.len() {
            for byte in [0, 1, 5, 6, 7, 0x7f, 0x80, 0xff] {
                let mut payload = payload.clone();
                payload[at] = byte;
                let _ = read(&payload, &device);
            }
            if let Some(payload) = payload.get(at..at + 4).map(|_| {
                let mut payload = payload.clone();
                payload[at..at + 4].fill(0xff);
                payload
            }) {
                let _ = read(&payload, &device);
            }
        }
        // Lists inside lists without end.
        let nested = [1_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat();
        let level = [&[7][..], &1_u32.to_le_bytes(), b"L", &1_u32.to_le_bytes()].concat();
        assert!(read(&[nested, level.repeat(100_000)].concat(), &device).is_none());
    }

    #[test]
    fn what_is_too_much_is_not_written() {
        let device = Device::cpu(1).unwrap();
        let entry = sample(&device);
        let bytes = encode(&KEY, &entry, 1 << 20).unwrap().len() as u64;
        assert!(encode(&KEY, &entry, bytes).is_some());
        assert!((0..bytes).all(|limit| encode(&KEY, &entry, limit).is_none()));
    }

    #[test]
    fn host_data_has_no_form() {
        let policy = Value::Object(Object::from_operators(Vec::new()));
        let inside = Object::fields("X", vec![("policy".into(), policy.clone())]).unwrap();
        for value in [policy, Value::Object(inside)] {
            let entry = Entry { outputs: vec![(0, value)], ui: Vec::new() };
            assert!(encode(&KEY, &entry, 1 << 20).is_none());
        }
    }
}
