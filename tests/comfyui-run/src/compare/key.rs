//! The keys of recorded tensors: `<node>.<slot>/<what>`, or `steps/<j>/<what>`.

/// What is recorded under a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// A state within a sampler.
    Step,
    /// Of an output, by its `<node>.<slot>`.
    Output(&'a str, Form<'a>),
}

/// What is kept of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// Latents, whole.
    Samples,
    /// Their mask, whole.
    NoiseMask,
    /// Some rows and columns of a picture or mask.
    Grid,
    /// Means over the width of a picture or mask.
    RowMean,
    /// Of an entry of conditions: the context times a matrix.
    Projected(&'a str),
    /// Of an entry: the pooled state, whole.
    Pooled(&'a str),
}

impl<'a> Key<'a> {
    /// None for a key of another form.
    pub(super) fn parse(key: &'a str) -> Option<Self> {
        let (place, what) = key.rsplit_once('/')?;
        if place.strip_prefix("steps/").is_some_and(is_number) {
            return matches!(what, "x" | "denoised").then_some(Self::Step);
        }
        let form = match what {
            "samples" => Form::Samples,
            "noise_mask" => Form::NoiseMask,
            "grid" => Form::Grid,
            "row_mean" => Form::RowMean,
            "cond_projected" | "pooled" => {
                let (output, entry) = place.rsplit_once('/')?;
                let form =
                    if what == "pooled" { Form::Pooled(entry) } else { Form::Projected(entry) };
                return (is_number(entry) && is_output(output))
                    .then_some(Self::Output(output, form));
            }
            _ => return None,
        };
        is_output(place).then_some(Self::Output(place, form))
    }
}

fn is_output(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(node, slot)| !node.is_empty() && is_number(slot))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_an_output_and_what_is_kept_of_it() {
        let output = |name, form| Some(Key::Output(name, form));
        assert_eq!(Key::parse("ks.0/samples"), output("ks.0", Form::Samples));
        assert_eq!(Key::parse("enc.0/noise_mask"), output("enc.0", Form::NoiseMask));
        assert_eq!(Key::parse("img.1/grid"), output("img.1", Form::Grid));
        assert_eq!(Key::parse("12:3.10/row_mean"), output("12:3.10", Form::RowMean));
        assert_eq!(Key::parse("a/b.0/samples"), output("a/b.0", Form::Samples));
        assert_eq!(Key::parse("pos.0/2/cond_projected"), output("pos.0", Form::Projected("2")));
        assert_eq!(Key::parse("pos.0/11/pooled"), output("pos.0", Form::Pooled("11")));
        assert_eq!(Key::parse("steps/3/x"), Some(Key::Step));
        assert_eq!(Key::parse("steps/3/denoised"), Some(Key::Step));
        for other in ["", "ks.0", "ks/samples", "ks.0/other", "pos.0/pooled", "steps/3/y"] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
    }
}
