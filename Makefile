run test check bench chaos clean:
	python3 run.py $(subst run,up,$@)
.PHONY: run test check bench chaos clean
