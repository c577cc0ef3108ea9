//! Facts about a model as JSON: what a vtable says, and what the host tells.

use amdm::math::PredictionKind;
use amdm_diffusion::{LatentInfo, ModelInfo};
use serde_json::{Value as Json, json};

use crate::status::Fail;

/// What a vtable's `info_json` says.
pub(crate) struct Facts {
    pub info: ModelInfo,
    pub version: Option<String>,
    pub parts: bool,
    pub concurrent: bool,
    pub deterministic: bool,
}

/// Reads them.
pub(crate) fn facts(text: &str) -> Result<Facts, Fail> {
    let facts: Json = serde_json::from_str(text)
        .map_err(|error| Fail::argument(format!("found info_json that is no JSON: {error}")))?;
    let wrong = |key: &str, expected: &str| {
        let found = facts.get(key).map_or("nothing".into(), ToString::to_string);
        Fail::argument(format!("info_json.{key}: found {found}, expected {expected}"))
    };
    let string = |key: &str| {
        let value = facts[key].as_str().filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| wrong(key, "a text"))
    };
    let flag = |key: &str, default: bool| match facts.get(key) {
        None => Ok(default),
        Some(value) => value.as_bool().ok_or_else(|| wrong(key, "true or false")),
    };
    let kind = PredictionKind::ALL.iter().find(|kind| facts["prediction"] == *kind.as_str());
    let expected = "epsilon, velocity, sample or flow";
    let prediction = *kind.ok_or_else(|| wrong("prediction", expected))?;
    let shape = facts["latent_shape"].as_array().map(|shape| {
        let extents = shape.iter().map(|extent| u32::try_from(extent.as_u64()?).ok());
        extents.collect::<Option<Vec<_>>>()
    });
    let shape = shape.flatten();
    let shape = shape.filter(|shape| (2..=4).contains(&shape.len()) && !shape.contains(&0));
    let alphas = match facts.get("alphas_cumprod") {
        None => Some(Vec::new()),
        Some(list) => list.as_array().and_then(|list| list.iter().map(Json::as_f64).collect()),
    };
    let expected = "numbers above 0, at most 1, falling; none for flow";
    let alphas: Vec<f64> = alphas.ok_or_else(|| wrong("alphas_cumprod", expected))?;
    let falling = alphas.windows(2).all(|pair| pair[0] >= pair[1])
        && alphas.iter().all(|alpha| *alpha > 0.0 && *alpha <= 1.0);
    if !falling || alphas.is_empty() != (prediction == PredictionKind::Flow) {
        return Err(wrong("alphas_cumprod", expected));
    }
    let number = |key: &str, default: Option<f64>| match facts.get(key) {
        None | Some(Json::Null) => Ok(default),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| wrong(key, "a number")),
    };
    let final_alpha = number("final_alpha", Some(1.0))?.unwrap_or(1.0);
    if !(final_alpha > 0.0 && final_alpha <= 1.0) {
        return Err(wrong("final_alpha", "a number above 0, at most 1"));
    }
    let clip = number("clip", None)?;
    if clip.is_some_and(|clip| !(clip > 0.0 && clip.is_finite())) {
        return Err(wrong("clip", "a number above 0, or null"));
    }
    let schema = facts.get("conditioning_schema").unwrap_or(&json!({})).to_string();
    let pixels = match facts.get("latent_pixels") {
        None => Some(1),
        Some(value) => value.as_u64().and_then(|value| u32::try_from(value).ok()),
    };
    let pixels = pixels.filter(|pixels| *pixels > 0);
    let pixels = pixels.ok_or_else(|| wrong("latent_pixels", "a whole number above 0"))?;
    let [scale, shift] = [("latent_scale", 1.0), ("latent_shift", 0.0)].map(|(key, default)| {
        let numbers = match facts.get(key) {
            None => Some(vec![default]),
            Some(Json::Array(list)) => list.iter().map(Json::as_f64).collect(),
            Some(value) => value.as_f64().map(|number| vec![number]),
        };
        let fits = |number: &f64| number.is_finite() && (key != "latent_scale" || *number != 0.0);
        let numbers = numbers.filter(|list| !list.is_empty() && list.iter().all(fits));
        numbers.ok_or_else(|| wrong(key, "a number, or one for each channel; a scale is not 0"))
    });
    let (scale, shift) = (scale?, shift?);
    if scale.len() != shift.len() {
        return Err(wrong("latent_shift", "as many numbers as in latent_scale"));
    }
    let info = ModelInfo {
        name: string("name")?,
        family: facts.get("family").map_or(Ok(String::new()), |_| string("family"))?,
        prediction,
        latent_shape: shape.ok_or_else(|| wrong("latent_shape", "2 to 4 extents above 0"))?,
        latent: LatentInfo { pixels, scale, shift, space: string("latent_space")? },
        alphas_cumprod: alphas,
        final_alpha,
        clip,
        conditioning_schema: schema,
    };
    let version = match facts.get("version") {
        None | Some(Json::Null) => None,
        Some(_) => Some(string("version")?),
    };
    let [parts, concurrent] = [flag("parts", false)?, flag("concurrent", false)?];
    let deterministic = flag("deterministic", true)?;
    Ok(Facts { info, version, parts, concurrent, deterministic })
}

/// Facts of a model in the form of [`AmdmModelVtable::info_json`](crate::AmdmModelVtable::info_json).
pub(crate) fn info_json(info: &ModelInfo) -> String {
    let schema = serde_json::from_str::<Json>(&info.conditioning_schema).unwrap_or(json!({}));
    json!({
        "name": info.name,
        "family": info.family,
        "prediction": info.prediction.as_str(),
        "latent_shape": info.latent_shape,
        "latent_space": info.latent.space,
        "latent_pixels": info.latent.pixels,
        "latent_scale": info.latent.scale,
        "latent_shift": info.latent.shift,
        "alphas_cumprod": info.alphas_cumprod,
        "final_alpha": info.final_alpha,
        "clip": info.clip,
        "conditioning_schema": schema,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{facts, info_json};
    use crate::status::Fail;

    fn said(more: &Json) -> Result<Json, String> {
        let mut all = json!({"name": "own", "prediction": "flow", "latent_shape": [2, 4, 4],
                             "latent_space": "own"});
        if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        let read = facts(&all.to_string()).map_err(Fail::into_error);
        let info = read.map_err(|error| error.message)?.info;
        Ok(serde_json::from_str(&info_json(&info)).unwrap_or_default())
    }

    #[test]
    fn scales_of_latents_are_read_and_told() {
        let plain = said(&json!({})).unwrap_or_default();
        assert_eq!(
            (&plain["latent_scale"], &plain["latent_shift"]),
            (&json!([1.0]), &json!([0.0]))
        );
        let one = said(&json!({"latent_scale": 0.18215, "latent_pixels": 8, "family": "sd1"}));
        let one = one.unwrap_or_default();
        assert_eq!(one["latent_scale"], json!([0.18215]));
        assert_eq!((&one["latent_pixels"], &one["family"]), (&json!(8), &json!("sd1")));
        let each = json!({"latent_scale": [0.5, 2.0], "latent_shift": [0.0, 1.0]});
        assert_eq!(said(&each).unwrap_or_default()["latent_shift"], json!([0.0, 1.0]));
        for (wrong, key) in [
            (json!({"latent_scale": 0.0}), "latent_scale"),
            (json!({"latent_scale": []}), "latent_scale"),
            (json!({"latent_scale": [1.0, 2.0]}), "latent_shift"),
            (json!({"latent_shift": "none"}), "latent_shift"),
            (json!({"latent_pixels": 0}), "latent_pixels"),
        ] {
            let error = said(&wrong).err().unwrap_or_default();
            assert!(error.contains(&format!("info_json.{key}: found")), "{wrong}: {error}");
        }
    }
}
