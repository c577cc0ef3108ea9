//! The machine of a pickle: it builds values and calls nothing.
//!
//! Values lie on a heap and refer to each other by number, so that shared, cyclic and deep ones
//! cost what their bytes cost. Of every callable only its name is kept.

use std::collections::BTreeMap;

use amdm::error::Error;

use crate::{Result, error};

/// Values of one pickle, places of its stack and notes. A tensor takes about twenty values, and a
/// value at most 40 bytes.
const VALUES_MAX: usize = 1 << 20;

/// A value's place on the heap.
pub(super) type Id = u32;

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// Something that no tensor depends on: none, floating-point numbers, bytes.
    Other,
    Flag(bool),
    Int(i64),
    Text(&'a str),
    /// A class or function: module and name.
    Global(&'a str, &'a str),
    Tuple(Vec<Id>),
    /// A list or a set.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// What calling a callable with arguments would give, and the state to put into it.
    Object {
        callable: Id,
        arguments: Id,
        state: Option<Id>,
    },
    /// A thing beside the pickle: a storage.
    Outside(Id),
}

/// All values of a pickle, and which of them it stands for.
pub(super) struct Heap<'a> {
    values: Vec<Value<'a>>,
    pub(super) root: Id,
}

impl<'a> Heap<'a> {
    /// All values.
    pub(super) fn values(&self) -> &[Value<'a>] {
        &self.values
    }

    /// The value at `id`.
    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id as usize]
    }
}

/// Builds the values of `pickle`.
///
/// # Errors
/// `invalid_input` for what is no pickle, `unsupported` for one that does more than to build
/// values, or more of them than any network has.
pub(super) fn run(pickle: &[u8]) -> Result<Heap<'_>> {
    let mut machine = Machine { rest: pickle, ..Machine::default() };
    loop {
        let code = machine.byte()?;
        if code == b'.' {
            let root = machine.pop()?;
            return Ok(Heap { values: machine.values, root });
        }
        machine.step(code)?;
    }
}

#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Id>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, code: u8) -> Result<()> {
        match code {
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => self.mark(),
            b'0' => self.pop().map(drop),
            b'1' => self.pop_to_mark().map(drop),
            b'2' => {
                let top = self.top()?;
                self.push_id(top)
            }
            b'N' => self.push(Value::Other),
            b'G' => self.skip(8),
            0x88 | 0x89 => self.push(Value::Flag(code == 0x88)),
            b'J' => self.int(4),
            b'K' => self.int(1),
            b'M' => self.int(2),
            0x8a => self.long(1),
            0x8b => self.long(4),
            b'X' => self.text(4),
            0x8c => self.text(1),
            0x8d => self.text(8),
            b'C' | b'U' => self.other(1),
            b'B' | b'T' => self.other(4),
            0x8e | 0x96 => self.other(8),
            b'c' => self.global(),
            0x93 => self.stack_global(),
            b'q' => self.put(1),
            b'r' => self.put(4),
            0x94 => {
                let next = self.memo.len() as u64;
                self.memoize(next)
            }
            b'h' => self.get(1),
            b'j' => self.get(4),
            _ => self.build(code),
        }
    }

    /// Codes that put values together.
    fn build(&mut self, code: u8) -> Result<()> {
        match code {
            b')' => self.push(Value::Tuple(Vec::new())),
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(code - 0x84))?;
                self.push(Value::Tuple(items))
            }
            b't' => self.pop_to_mark().and_then(|items| self.push(Value::Tuple(items))),
            b'l' | 0x91 => self.pop_to_mark().and_then(|items| self.push(Value::List(items))),
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Dict(Vec::new()))?;
                self.set(items)
            }
            b'a' => self.pop().and_then(|item| self.append(vec![item])),
            b'e' | 0x90 => self.pop_to_mark().and_then(|items| self.append(items)),
            b's' => self.pop_many(2).and_then(|items| self.set(items)),
            b'u' => self.pop_to_mark().and_then(|items| self.set(items)),
            b'R' | 0x81 => self.object(),
            0x92 => {
                self.pop()?;
                self.object()
            }
            b'b' => self.state(),
            b'Q' => self.pop().and_then(|id| self.push(Value::Outside(id))),
            other => Err(error::unsupported(format!(
                "the pickle has the code {other:#04x}, which no file of tensors needs"
            ))),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| broken("it is cut"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self, size: usize) -> Result<u64> {
        let bytes = self.take(size)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// Bytes behind a length of `size` bytes.
    fn counted(&mut self, size: usize) -> Result<&'a [u8]> {
        let count = self.number(size)?;
        self.take(usize::try_from(count).map_err(|_| broken("it is cut"))?)
    }

    fn line(&mut self) -> Result<&'a str> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.ok_or_else(|| broken("it is cut"))?)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| broken("a name in it is no text"))
    }

    fn push(&mut self, value: Value<'a>) -> Result<()> {
        check_room(self.values.len())?;
        self.values.push(value);
        self.push_id(self.values.len() as Id - 1)
    }

    fn push_id(&mut self, id: Id) -> Result<()> {
        check_room(self.stack.len())?;
        self.stack.push(id);
        Ok(())
    }

    fn mark(&mut self) -> Result<()> {
        check_room(self.marks.len())?;
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// The lowest place of the stack that may be taken: what lies below an open mark is not there.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn pop(&mut self) -> Result<Id> {
        let id = if self.stack.len() > self.floor() { self.stack.pop() } else { None };
        id.ok_or_else(|| broken("its stack is empty"))
    }

    fn top(&self) -> Result<Id> {
        let id = if self.stack.len() > self.floor() { self.stack.last() } else { None };
        id.copied().ok_or_else(|| broken("its stack is empty"))
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>> {
        let from = self.stack.len().checked_sub(count).filter(|&from| from >= self.floor());
        from.map(|from| self.stack.split_off(from)).ok_or_else(|| broken("its stack is empty"))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>> {
        let from = self.marks.pop().ok_or_else(|| broken("it has no mark"))?;
        Ok(self.stack.split_off(from))
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count)?;
        self.push(Value::Other)
    }

    fn other(&mut self, size: usize) -> Result<()> {
        self.counted(size)?;
        self.push(Value::Other)
    }

    /// An integer of `size` bytes; only one of four bytes has a sign.
    fn int(&mut self, size: usize) -> Result<()> {
        let number = self.number(size)?;
        let number = if size == 4 { i64::from(number as u32 as i32) } else { number as i64 };
        self.push(Value::Int(number))
    }

    /// A number of any length, in two's complement.
    fn long(&mut self, size: usize) -> Result<()> {
        let bytes = self.counted(size)?;
        if bytes.len() > 8 {
            return self.push(Value::Other);
        }
        let sign = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
        let mut word = [sign; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(word)))
    }

    fn text(&mut self, size: usize) -> Result<()> {
        let bytes = self.counted(size)?;
        let text = std::str::from_utf8(bytes).map_err(|_| broken("a text in it is none"))?;
        self.push(Value::Text(text))
    }

    fn global(&mut self) -> Result<()> {
        let (module, name) = (self.line()?, self.line()?);
        self.push(Value::Global(module, name))
    }

    fn stack_global(&mut self) -> Result<()> {
        let ids = self.pop_many(2)?;
        match [&self.values[ids[0] as usize], &self.values[ids[1] as usize]] {
            [&Value::Text(module), &Value::Text(name)] => self.push(Value::Global(module, name)),
            _ => Err(broken("a name in it is no text")),
        }
    }

    fn put(&mut self, size: usize) -> Result<()> {
        let place = self.number(size)?;
        self.memoize(place)
    }

    fn memoize(&mut self, place: u64) -> Result<()> {
        check_room(self.memo.len())?;
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn get(&mut self, size: usize) -> Result<()> {
        let place = self.number(size)?;
        let id = self.memo.get(&place).copied();
        self.push_id(id.ok_or_else(|| broken("it refers to what it has not noted"))?)
    }

    /// Adds `items` to the list on top. What adds to another object is left out: no tensor of a
    /// network lies there.
    fn append(&mut self, items: Vec<Id>) -> Result<()> {
        let top = self.top()?;
        match &mut self.values[top as usize] {
            Value::List(list) => list.extend(items),
            Value::Object { .. } => {}
            _ => return Err(broken("it appends to what is no list")),
        }
        Ok(())
    }

    /// Adds `items`, keys and values in turn, to the dictionary on top.
    fn set(&mut self, items: Vec<Id>) -> Result<()> {
        let top = self.top()?;
        let (pairs, odd) = items.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(broken("a key in it has no value"));
        }
        match &mut self.values[top as usize] {
            Value::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            Value::Object { .. } => {}
            _ => return Err(broken("it sets items of what is no dictionary")),
        }
        Ok(())
    }

    /// What a call would give: dictionaries of the collections are made, all else is written down.
    fn object(&mut self) -> Result<()> {
        let ids = self.pop_many(2)?;
        let dictionary = matches!(
            self.values[ids[0] as usize],
            Value::Global("collections", "OrderedDict" | "defaultdict")
                | Value::Global("builtins" | "__builtin__", "dict")
        );
        self.push(if dictionary {
            Value::Dict(Vec::new())
        } else {
            Value::Object { callable: ids[0], arguments: ids[1], state: None }
        })
    }

    /// Puts a state into the object on top. That of a dictionary holds no tensors.
    fn state(&mut self) -> Result<()> {
        let new = self.pop()?;
        let top = self.top()?;
        match &mut self.values[top as usize] {
            Value::Object { state, .. } => *state = Some(new),
            Value::Dict(_) => {}
            _ => return Err(broken("it gives a state to what is no object")),
        }
        Ok(())
    }
}

fn check_room(count: usize) -> Result<()> {
    if count < VALUES_MAX {
        return Ok(());
    }
    Err(error::unsupported(format!("the pickle has more than {VALUES_MAX} values")))
}

fn broken(reason: &str) -> Error {
    Error::invalid(format!("the pickle is broken: {reason}"))
}
