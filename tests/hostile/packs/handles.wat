;; A node that makes tensors and keeps them all; it hands on the first error.
(module
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  ;; A shape [64].
  (data (i32.const 1024) "\40\00\00\00")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (loop $again
      (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 2048) (i32.const 64) (i32.const 96))
      (br_if $again (i32.eqz (i32.load8_u (i32.const 96)))))
    (i32.const 96))
)
