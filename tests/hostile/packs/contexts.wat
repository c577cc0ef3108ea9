;; A node that opens samplings without end.
(module
  (import "amdm:node/sampling@0.1.0" "[constructor]step-context" (func $context (param i32 i32 i32 i32) (result i32)))
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (loop $again
      (drop (call $context (i32.const 64) (i32.const 10) (i32.const 0) (i32.const 0)))
      (br $again))
    (unreachable))
)
