;; A node that asks for the sum of one tensor, a hundred thousand times.
(module
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/tensors@0.1.0" "[static]tensor.linear-combination" (func $sum (param i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  ;; A shape [64].
  (data (i32.const 1024) "\40\00\00\00")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (local $at i32)
    (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 2048) (i32.const 64) (i32.const 96))
    (drop (memory.grow (i32.const 32)))
    (local.set $at (i32.const 262144))
    (loop $again
      (i32.store (local.get $at) (i32.load (i32.const 100)))
      (f64.store offset=8 (local.get $at) (f64.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 1862144))))
    (call $sum (i32.const 262144) (i32.const 100000) (i32.const 96))
    (i32.const 96))
)
