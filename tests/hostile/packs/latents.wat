;; A node that leaves latents in samplings without end: @LANES@ in each.
(module
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/sampling@0.1.0" "[constructor]step-context" (func $context (param i32 i32 i32 i32) (result i32)))
  (import "amdm:node/sampling@0.1.0" "[method]step-context.set-latent" (func $set-latent (param i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  ;; A shape [8192].
  (data (i32.const 1024) "\00\20\00\00")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (local $sampling i32) (local $lane i32)
    (loop $samplings
      (local.set $sampling (call $context (i32.const @LANES@) (i32.const 10) (i32.const 0) (i32.const 0)))
      (local.set $lane (i32.const 0))
      (loop $lanes
        (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 4096) (i32.const 8192) (i32.const 96))
        (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
        (call $set-latent (local.get $sampling) (local.get $lane) (i32.load (i32.const 100)) (i32.const 96))
        (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
        (local.set $lane (i32.add (local.get $lane) (i32.const 1)))
        (br_if $lanes (i32.lt_u (local.get $lane) (i32.const @LANES@))))
      (br $samplings))
    (unreachable))
)
