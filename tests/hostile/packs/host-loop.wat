;; A node that never ends and calls the host all the while.
(module
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/tensors@0.1.0" "[resource-drop]tensor" (func $drop (param i32)))
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "\40\00\00\00")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32) (result i32)
    (loop $again
      (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 2048) (i32.const 64) (i32.const 96))
      (call $drop (i32.load (i32.const 100)))
      (br $again))
    (unreachable)))
