;; A step operator that leaves tensors for the next one without end.
(module
  (import "[export]amdm:node/step-operators@0.1.0" "[resource-new]operator"
    (func $new (param i32) (result i32)))
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/sampling@0.1.0" "[method]step-context.set-slot" (func $set-slot (param i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  @OPERATOR@
  ;; A shape [8192].
  (data (i32.const 1024) "\00\20\00\00")
  (func (export "amdm:node/step-operators@0.1.0#[method]operator.apply")
    (param $self i32) (param $phase i32) (param $context i32) (result i32)
    (local $name i32)
    (loop $again
      (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 4096) (i32.const 8192) (i32.const 96))
      (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
      (i32.store (i32.const 1032) (i32.add (i32.const 0x20202020) (local.get $name)))
      (local.set $name (i32.add (local.get $name) (i32.const 1)))
      (call $set-slot (local.get $context) (i32.const 1032) (i32.const 4) (i32.load (i32.const 100)))
      (br_if $again (i32.lt_u (local.get $name) (i32.const 90))))
    (call $done))
)
