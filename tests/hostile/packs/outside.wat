;; A node whose message lies outside its memory.
(module
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $fail (i32.const 0) (i32.const -16) (i32.const 4096)))
)
