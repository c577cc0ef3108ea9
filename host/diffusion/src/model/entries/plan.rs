//! How one question is answered: which requests it makes, and what becomes of their answers.

use amdm::error::{Code, Error};

use super::Question;
use super::evaluation::{Evaluation, Room};
use super::mean::mean;
use super::moment::Moment;
use super::placed::{Placed, copy};
use crate::model::{Conditioning, Prediction, Request};
use crate::{Result, Tensor};

/// How one question is answered.
pub(super) enum Plan {
    /// By one request; the model guides itself.
    Whole { positive: Conditioning, negative: Option<Conditioning> },
    /// By passes without guidance.
    Parts { positive: Vec<Evaluation>, negative: Negative },
}

/// What guidance leads away from.
pub(super) enum Negative {
    /// Nothing: guidance is 1 and nobody asks for parts.
    None,
    /// The model's own unconditional, asked beside this condition.
    Own(Conditioning),
    Entries(Vec<Evaluation>),
}

impl Plan {
    /// The plan of a question, which takes room for its passes.
    ///
    /// # Errors
    /// As [`ask`](super::ask), before any network runs.
    #[allow(clippy::float_cmp)]
    pub fn new(question: &Question<'_>, parts: bool, room: &mut Room) -> Result<Self> {
        if let Some(plan) = Self::plain(question) {
            return Ok(plan);
        }
        let info = question.model.info();
        let placed = |entries| Placed::all(entries, question.latent, info.latent.pixels);
        let mut positive = placed(question.positive)?;
        let mut negative = question.negative.map(placed).transpose()?;
        copy(&mut positive, negative.get_or_insert_default())?;
        let moment = Moment::new(info, question.level);
        let mut passes = |entries: &[Placed]| {
            Evaluation::all(entries, &**question.model, question.latent, &moment, room)
        };
        let own = || positive.first().map(|entry| entry.condition.clone());
        let (needed, given) = (parts || question.guidance != 1.0, question.negative.is_some());
        let negative = match negative {
            _ if !needed => Negative::None,
            Some(entries) if given => Negative::Entries(passes(&entries)?),
            _ => own().map_or(Negative::None, Negative::Own),
        };
        let positive = passes(&positive)?;
        Ok(Self::joined(&positive, &negative).unwrap_or(Self::Parts { positive, negative }))
    }

    /// The plan of a question whose sides are one plain entry each.
    fn plain(question: &Question<'_>) -> Option<Self> {
        let one = |entries: &[_]| match entries {
            [entry] => super::Entry::is_plain(entry).then(|| entry.condition.clone()),
            _ => None,
        };
        let negative = match question.negative {
            Some(entries) => Some(one(entries)?),
            None => None,
        };
        Some(Self::Whole { positive: one(question.positive)?, negative })
    }

    /// One request, where at this step each side is one pass that counts as it is.
    fn joined(positive: &[Evaluation], negative: &Negative) -> Option<Self> {
        let one = |passes: &[Evaluation]| match passes {
            [pass] if pass.is_whole => Some(pass.condition.clone()),
            _ => None,
        };
        let negative = match negative {
            Negative::None | Negative::Own(_) => None,
            Negative::Entries(passes) => Some(one(passes)?),
        };
        Some(Self::Whole { positive: one(positive)?, negative })
    }

    /// Whether the model guides itself.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }

    /// What it asks for, in the order in which [`Plan::answer`] takes the answers.
    pub fn requests<'a>(&'a self, question: &Question<'a>) -> Vec<Request<'a>> {
        let request = |positive, negative, latent, guidance| Request {
            model: question.model,
            latent,
            level: question.level,
            positive,
            negative,
            guidance,
            step: question.step,
            steps: question.steps,
        };
        match self {
            Self::Whole { positive, negative } => {
                vec![request(positive, negative.as_ref(), question.latent, question.guidance)]
            }
            Self::Parts { positive, negative } => {
                let pass = |pass: &'a Evaluation| request(&pass.condition, None, &pass.latent, 1.0);
                let mut all: Vec<_> = positive.iter().map(pass).collect();
                match negative {
                    Negative::None => {}
                    Negative::Own(beside) => {
                        all.push(request(beside, None, question.latent, 0.0));
                    }
                    Negative::Entries(passes) => all.extend(passes.iter().map(pass)),
                }
                all
            }
        }
    }

    /// The answer, from those to its requests.
    pub fn answer(
        &self,
        question: &Question<'_>,
        answers: &mut impl Iterator<Item = Prediction>,
        parts: bool,
    ) -> Result<Prediction> {
        let (positive, negative) = match self {
            Self::Whole { .. } => return answers.next().ok_or_else(lost),
            Self::Parts { positive, negative } => (positive, negative),
        };
        let mut side = |passes: &[Evaluation]| {
            let of = answers.by_ref().take(passes.len()).map(|answer| answer.guided);
            let of: Vec<Tensor> = of.collect();
            match (passes, &*of) {
                ([pass], [prediction]) if pass.is_whole => Ok(prediction.clone()),
                _ if passes.len() == of.len() => {
                    let kind = question.model.info().prediction;
                    mean(passes, &of, question.latent, question.level, kind)
                }
                _ => Err(lost()),
            }
        };
        let conditional = side(positive)?;
        let unconditional = match negative {
            Negative::None => None,
            Negative::Entries(passes) => Some(side(passes)?),
            Negative::Own(_) => Some(answers.next().ok_or_else(lost)?.guided),
        };
        Prediction::guide(conditional, unconditional, question.guidance, parts)
    }
}

/// A defect of ours: requests and answers of other numbers.
fn lost() -> Error {
    Error::new(Code::Internal, "answers to the entries of a condition are missing")
}
