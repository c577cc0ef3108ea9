;; A node that keeps one value of each tensor it makes, and with it the whole tensor.
(module
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/tensors@0.1.0" "[method]tensor.narrow" (func $narrow (param i32 i32 i32 i32 i32)))
  (import "amdm:node/tensors@0.1.0" "[resource-drop]tensor" (func $drop (param i32)))
  @COMMON@
  @DESCRIBE@
  ;; A shape [8192].
  (data (i32.const 1024) "\00\20\00\00")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (local $tensor i32)
    (loop $again
      (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 4096) (i32.const 8192) (i32.const 96))
      (local.set $tensor (i32.load (i32.const 100)))
      (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
      (call $narrow (local.get $tensor) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 96))
      (call $drop (local.get $tensor))
      (br_if $again (i32.eqz (i32.load8_u (i32.const 96)))))
    (i32.const 96))
)
