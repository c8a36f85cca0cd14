package redact

// ssn judges the groups of a number. Social security numbers have no area 000 or 666, no group 00 and no serial 0000 (SSA, since 2011); areas from 900 are taxpayer
// numbers, which are as personal. Without its dashes one must be called so.
func ssn(groups, separators []string, called bool) bool {
	if len(groups) == 1 && called && len(groups[0]) == 9 {
		g := groups[0]
		groups, separators = []string{g[:3], g[3:5], g[5:]}, []string{"-", "-"}
	}
	if len(groups) != 3 || len(groups[0]) != 3 || len(groups[1]) != 2 || len(groups[2]) != 4 {
		return false
	}
	if !called && (separators[0] != "-" || separators[1] != "-") {
		return false
	}
	return groups[0] != "000" && groups[0] != "666" && groups[1] != "00" && groups[2] != "0000"
}
