//! Tables of sigmas and the nine schedules.

use amdm::math::schedule::{
    Scheduler, SigmaTable, StepRange, run_sigmas, scaled_linear_cumulative, zero_snr_cumulative,
};

use crate::data::Tensors;

/// The tables of Stable Diffusion 1.x by the recordings' names.
pub fn tables() -> [(&'static str, SigmaTable); 2] {
    let alphas = scaled_linear_cumulative(1000, 0.00085, 0.012);
    let zero = zero_snr_cumulative(&alphas);
    [("eps", SigmaTable::new(&alphas).unwrap()), ("v_zsnr", SigmaTable::new(&zero).unwrap())]
}

/// The table of a model by its name in the recordings.
pub fn table(model: &str) -> SigmaTable {
    let [(_, plain), (_, zero)] = tables();
    if model.ends_with("zsnr") { zero } else { plain }
}

#[test]
fn probe() {
    let recorded = Tensors::read("sigmas");
    for name in recorded.names("table") {
        let t = recorded.wide(&name);
        println!("{name} {:?} {:?}", t.len(), &t[..t.len().min(24)]);
    }
    for (model, table) in tables() {
        let expected = recorded.values(&format!("table/{model}/sigmas"));
        let off = (0..1000).filter(|&i| table.at(i) != f64::from(expected[i])).count();
        println!("{model}: {off} sigmas differ");
    }
    let mut total = (0, 0, 0);
    for name in recorded.names("sigmas") {
        let parts: Vec<&str> = name.split('/').collect();
        let table = tables().into_iter().find(|(m, _)| *m == parts[1]).unwrap().1;
        let scheduler = Scheduler::from_name(parts[2]).unwrap();
        let steps: u32 = parts[3].strip_prefix("steps").unwrap().parse().unwrap();
        let denoise: f64 = parts[4].strip_prefix("denoise").unwrap().parse().unwrap();
        let discard = parts.len() > 5;
        let found = run_sigmas(&table, scheduler, (steps, denoise), StepRange::ALL, discard).unwrap();
        let expected = recorded.values(&name);
        assert_eq!(found.len(), expected.len(), "{name}");
        let off = found.iter().zip(&expected).filter(|(a, b)| (**a as f32).to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan())).count();
        let rel = found.iter().zip(&expected).map(|(a, b)| if *b == 0.0 { *a } else { (*a / f64::from(*b) - 1.0).abs() }).fold(0.0, f64::max);
        total.0 += off; total.1 += found.len(); total.2 += 1;
        if off > 0 { println!("{name}: {off} of {} differ, {rel:e}", found.len()); }
    }
    println!("{total:?}");
}
