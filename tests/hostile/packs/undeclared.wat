;; A node that sets an output it does not have, and hands on the refusal.
(module
  (import "amdm:node/runtime@0.1.0" "[method]call.set-output" (func $set-output (param i32 i32 i32 i32 i64 i32 i32)))
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "surprise")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $set-output (local.get $call) (i32.const 1024) (i32.const 8)
      (i32.const 1) (i64.const 7) (i32.const 0) (i32.const 96))
    (i32.const 96))
)
