;; A pack that does not know its own node.
(module
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "there is no such class")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $fail (i32.const 1) (i32.const 1024) (i32.const 22)))
)
